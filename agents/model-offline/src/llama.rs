//! The network: a decoder of the Llama family. Tokens in, a score for each possible next token out.
//!
//! Its formulas are those of "Attention is all you need" with root-mean-square norms, rotary positions,
//! shared key and value heads and a gated linear unit. It runs on the thread that calls it, and keeps
//! nothing: what was read before is in the caller's [`Memory`].

use candle_core::quantized::k_quants::GgmlType;

use crate::gguf::Gguf;
use crate::load::LoadError;
use crate::matrix::{Inputs, Matrix};

/// The network's sizes.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// Numbers that stand for a token between layers.
    width: usize,
    /// Attention heads that ask.
    heads: usize,
    /// Heads that are asked; each serves several of those that ask.
    key_heads: usize,
    /// Numbers of a head.
    head_width: usize,
    /// The base of the rotary positions.
    rope_base: f32,
    /// What keeps a norm from dividing by zero.
    epsilon: f32,
    /// The longest text it was trained on, in tokens.
    context: usize,
}

/// The weights. Nobody changes them; every worker reads them.
pub(crate) struct Llama {
    shape: Shape,
    /// A row for each token: what it is on the way in, and, multiplied, its score on the way out.
    tokens: Matrix,
    layers: Vec<Layer>,
    norm: Vec<f32>,
}

struct Layer {
    attention_norm: Vec<f32>,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    output: Matrix,
    feed_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

/// What the network remembers of the tokens it has read: keys and values, by layer.
pub(crate) struct Memory {
    layers: Vec<Remembered>,
    tokens: usize,
}

#[derive(Clone, Default)]
struct Remembered {
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl Llama {
    /// Reads the weights.
    pub(crate) fn read(gguf: &mut Gguf) -> Result<Self, LoadError> {
        let shape = Shape::read(gguf)?;
        let feed_width = gguf.size("llama.feed_forward_length")?;
        let vocabulary = gguf.size("llama.vocab_size")?;
        let layers = gguf.size("llama.block_count")?;
        Ok(Self {
            tokens: gguf.matrix("token_embd.weight", vocabulary, shape.width)?,
            layers: (0..layers)
                .map(|layer| Layer::read(gguf, layer, shape, feed_width))
                .collect::<Result<_, _>>()?,
            norm: gguf.vector("output_norm.weight", shape.width)?,
            shape,
        })
    }

    /// The longest text it was trained on, in tokens.
    pub(crate) fn context(&self) -> usize {
        self.shape.context
    }

    /// A memory of nothing.
    pub(crate) fn memory(&self) -> Memory {
        Memory { layers: vec![Remembered::default(); self.layers.len()], tokens: 0 }
    }

    /// Reads `tokens` after those that `memory` holds; what it returns stands for the last of them, and is
    /// empty if there are none. A token outside the vocabulary is read as nothing.
    pub(crate) fn advance(&self, memory: &mut Memory, tokens: &[u32]) -> Vec<f32> {
        let width = self.shape.width;
        let mut stream = Vec::with_capacity(tokens.len() * width);
        for token in tokens {
            let row = usize::try_from(*token).ok().and_then(|token| self.tokens.row(token));
            stream.extend(row.unwrap_or_else(|| vec![0.0; width]));
        }
        let turns = Turns::new(self.shape, memory.tokens, tokens.len());
        for (layer, remembered) in self.layers.iter().zip(&mut memory.layers) {
            layer.attend(self.shape, &turns, remembered, &mut stream);
            layer.feed(self.shape, &mut stream);
        }
        memory.tokens += tokens.len();
        stream.split_off(stream.len().saturating_sub(width))
    }

    /// A score for each token of the vocabulary to come next, after what [`Llama::advance`] returned.
    pub(crate) fn scores(&self, last: &[f32]) -> Vec<f32> {
        self.tokens.multiply(&Inputs::new(normed(last, &self.norm, self.shape.epsilon), self.shape.width))
    }
}

impl Shape {
    fn read(gguf: &Gguf) -> Result<Self, LoadError> {
        let shape = Self {
            width: gguf.size("llama.embedding_length")?,
            heads: gguf.size("llama.attention.head_count")?,
            key_heads: gguf.size("llama.attention.head_count_kv")?,
            head_width: gguf.size("llama.rope.dimension_count")?,
            rope_base: gguf.number("llama.rope.freq_base")?,
            epsilon: gguf.number("llama.attention.layer_norm_rms_epsilon")?,
            context: gguf.size("llama.context_length")?,
        };
        let is_whole = shape.key_heads > 0
            && shape.heads.is_multiple_of(shape.key_heads)
            && shape.heads * shape.head_width == shape.width
            && shape.head_width.is_multiple_of(2);
        if is_whole { Ok(shape) } else { Err(LoadError::part("the sizes", &format!("{shape:?} do not fit"))) }
    }
}

impl Layer {
    fn read(gguf: &mut Gguf, layer: usize, shape: Shape, feed_width: usize) -> Result<Self, LoadError> {
        let Shape { width, key_heads, head_width, .. } = shape;
        let key_width = key_heads * head_width;
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        Ok(Self {
            attention_norm: gguf.vector(&name("attn_norm"), width)?,
            query: gguf.matrix(&name("attn_q"), width, width)?,
            key: gguf.matrix(&name("attn_k"), key_width, width)?,
            value: gguf.matrix(&name("attn_v"), key_width, width)?,
            output: gguf.matrix(&name("attn_output"), width, width)?,
            feed_norm: gguf.vector(&name("ffn_norm"), width)?,
            gate: gguf.matrix(&name("ffn_gate"), feed_width, width)?,
            up: gguf.matrix(&name("ffn_up"), feed_width, width)?,
            down: gguf.matrix(&name("ffn_down"), width, feed_width)?,
        })
    }

    /// Each token looks at those before it, and adds what it finds.
    fn attend(&self, shape: Shape, turns: &Turns, remembered: &mut Remembered, stream: &mut [f32]) {
        let inputs = Inputs::new(normed(stream, &self.attention_norm, shape.epsilon), shape.width);
        let mut queries = self.query.multiply(&inputs);
        let mut keys = self.key.multiply(&inputs);
        turns.turn(&mut queries);
        turns.turn(&mut keys);
        remembered.keys.extend(keys);
        remembered.values.extend(self.value.multiply(&inputs));
        let mut found = vec![0.0; queries.len()];
        let shared = shape.heads / shape.key_heads;
        for (token, (queries, found)) in
            queries.chunks_exact(shape.width).zip(found.chunks_exact_mut(shape.width)).enumerate()
        {
            let heads = queries.chunks_exact(shape.head_width).zip(found.chunks_exact_mut(shape.head_width));
            for (head, (query, found)) in heads.enumerate() {
                remembered.look(shape, turns.first + token + 1, head / shared, query, found);
            }
        }
        add(stream, &self.output.multiply(&Inputs::new(found, shape.width)));
    }

    /// Each token is worked on by itself.
    fn feed(&self, shape: Shape, stream: &mut [f32]) {
        let inputs = Inputs::new(normed(stream, &self.feed_norm, shape.epsilon), shape.width);
        let mut gated = self.gate.multiply(&inputs);
        for (gate, up) in gated.iter_mut().zip(self.up.multiply(&inputs)) {
            *gate *= up / (1.0 + (-*gate).exp());
        }
        add(stream, &self.down.multiply(&Inputs::new(gated, self.down.columns())));
    }
}

impl Remembered {
    /// What one head finds in the first `tokens` tokens: their values, each as much as its key fits.
    fn look(&self, shape: Shape, tokens: usize, key_head: usize, query: &[f32], found: &mut [f32]) {
        let width = shape.key_heads * shape.head_width;
        let head = key_head * shape.head_width..(key_head + 1) * shape.head_width;
        let scale = 1.0 / (shape.head_width as f32).sqrt();
        let mut weights = Vec::with_capacity(tokens);
        for key in self.keys.chunks_exact(width).take(tokens) {
            weights.push(f32::vec_dot(query.len(), &key[head.clone()], query) * scale);
        }
        soften(&mut weights);
        for (value, weight) in self.values.chunks_exact(width).zip(weights) {
            for (found, value) in found.iter_mut().zip(&value[head.clone()]) {
                *found += weight * value;
            }
        }
    }
}

/// Rotary positions: each pair of numbers in a head is turned by an angle that grows with the position.
struct Turns {
    first: usize,
    head_width: usize,
    /// Sine and cosine for each pair, token after token.
    turns: Vec<(f32, f32)>,
}

impl Turns {
    fn new(shape: Shape, first: usize, tokens: usize) -> Self {
        let pairs = shape.head_width / 2;
        let mut turns = Vec::with_capacity(tokens * pairs);
        for position in first..first + tokens {
            for pair in 0..pairs {
                let speed = shape.rope_base.powf(-2.0 * pair as f32 / shape.head_width as f32);
                turns.push((position as f32 * speed).sin_cos());
            }
        }
        Self { first, head_width: shape.head_width, turns }
    }

    /// Turns every head of every token.
    fn turn(&self, heads: &mut [f32]) {
        let pairs = self.head_width / 2;
        let tokens = self.turns.len() / pairs;
        if tokens == 0 {
            return;
        }
        let token_width = heads.len() / tokens;
        for (token, turns) in heads.chunks_exact_mut(token_width).zip(self.turns.chunks_exact(pairs)) {
            for head in token.chunks_exact_mut(self.head_width) {
                for (pair, (sine, cosine)) in head.chunks_exact_mut(2).zip(turns) {
                    let (x, y) = (pair[0], pair[1]);
                    pair[0] = x * cosine - y * sine;
                    pair[1] = x * sine + y * cosine;
                }
            }
        }
    }
}

/// Rows divided by their root mean square, times the weights.
fn normed(rows: &[f32], weights: &[f32], epsilon: f32) -> Vec<f32> {
    let mut normed = Vec::with_capacity(rows.len());
    for row in rows.chunks_exact(weights.len()) {
        let mean = row.iter().map(|x| x * x).sum::<f32>() / row.len() as f32;
        let scale = 1.0 / (mean + epsilon).sqrt();
        normed.extend(row.iter().zip(weights).map(|(x, weight)| x * scale * weight));
    }
    normed
}

/// Softmax: positive numbers in the same order that add up to one.
pub(crate) fn soften(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for score in scores.iter_mut() {
        *score = (*score - max).exp();
    }
    let sum: f32 = scores.iter().sum();
    for score in scores.iter_mut() {
        *score /= sum;
    }
}

fn add(stream: &mut [f32], more: &[f32]) {
    for (stream, more) in stream.iter_mut().zip(more) {
        *stream += more;
    }
}

#[cfg(test)]
mod tests;
