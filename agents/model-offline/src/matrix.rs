//! Matrices of weights in eight bits (Q8_0: blocks of 32 numbers with a scale each), and multiplying by them.
//!
//! The file holds most of them in four bits (Q4_1), for which there is no fast kernel: they are brought
//! into eight bits once, when they are read. One input is multiplied in eight bits too: then bringing the
//! weights from memory is what takes the time. Many, as when a prompt is read, are multiplied as they are.
//!
//! The kernels are candle's; its tensors are not used, because they multiply on a pool of threads that the
//! whole process shares and whose size only the environment sets: on busy cores those threads wait for each
//! other most of the time. Here a product is made by the thread that asks for it.

use candle_core::quantized::QTensor;
use candle_core::quantized::k_quants::{BlockQ8_0, GgmlType};
use candle_core::{Device, bail};

/// Inputs from which on they are multiplied as they are: below, the weights' way back into thirty-two bits
/// costs more than it saves.
const MANY_INPUTS: usize = 8;

/// Rows of weights that are brought into thirty-two bits at once: as many as stay in the second nearest
/// cache (256 rows of 1,536 take 1.5 MB).
const PANEL_ROWS: usize = 256;

/// A matrix of weights. Nobody changes it; every worker reads it.
pub(crate) struct Matrix {
    columns: usize,
    /// Row after row.
    blocks: Vec<BlockQ8_0>,
}

impl Matrix {
    /// Brings a tensor of two dimensions into eight bits.
    pub(crate) fn of_tensor(tensor: &QTensor) -> candle_core::Result<Self> {
        let (_, columns) = tensor.shape().dims2()?;
        if columns == 0 || !columns.is_multiple_of(BlockQ8_0::BLCK_SIZE) {
            bail!("a row of {columns} weights cannot be divided into blocks of {}", BlockQ8_0::BLCK_SIZE);
        }
        let numbers = tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
        let mut blocks = vec![BlockQ8_0::zeros(); numbers.len() / BlockQ8_0::BLCK_SIZE];
        BlockQ8_0::from_float(&numbers, &mut blocks);
        Ok(Self { columns, blocks })
    }

    /// Numbers of a row.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Rows, which is numbers of a product.
    pub(crate) fn rows(&self) -> usize {
        self.blocks.len() / self.row_blocks()
    }

    /// One row's numbers; `None` if there is no such row.
    pub(crate) fn row(&self, row: usize) -> Option<Vec<f32>> {
        let blocks = self.blocks.chunks_exact(self.row_blocks()).nth(row)?;
        let mut numbers = vec![0.0; self.columns];
        BlockQ8_0::to_float(blocks, &mut numbers);
        Some(numbers)
    }

    /// The product with each input: inputs times [`Matrix::rows`] numbers, input after input.
    pub(crate) fn multiply(&self, inputs: &Inputs) -> Vec<f32> {
        match inputs {
            Inputs::Few(blocks) => self.multiply_few(blocks),
            Inputs::Many(numbers) => self.multiply_many(numbers),
        }
    }

    fn multiply_few(&self, inputs: &[BlockQ8_0]) -> Vec<f32> {
        let (rows, row_blocks) = (self.rows(), self.row_blocks());
        let mut products = vec![0.0; inputs.len() / row_blocks * rows];
        for (row, weights) in self.blocks.chunks_exact(row_blocks).enumerate() {
            for (input, products) in inputs.chunks_exact(row_blocks).zip(products.chunks_exact_mut(rows)) {
                products[row] = BlockQ8_0::vec_dot(self.columns, weights, input);
            }
        }
        products
    }

    fn multiply_many(&self, inputs: &[f32]) -> Vec<f32> {
        let rows = self.rows();
        let mut products = vec![0.0; inputs.len() / self.columns * rows];
        let mut panel = vec![0.0; PANEL_ROWS.min(rows) * self.columns];
        for (number, blocks) in self.blocks.chunks(PANEL_ROWS * self.row_blocks()).enumerate() {
            let panel = &mut panel[..blocks.len() * BlockQ8_0::BLCK_SIZE];
            BlockQ8_0::to_float(blocks, panel);
            multiply_panel(panel, inputs, self.columns, &mut products[number * PANEL_ROWS..], rows);
        }
        products
    }

    fn row_blocks(&self) -> usize {
        self.columns / BlockQ8_0::BLCK_SIZE
    }
}

/// Multiplies each input with each row of `panel`; both have rows of `columns` numbers. The products of an
/// input stand side by side in `products`, those of the next one `stride` numbers later.
fn multiply_panel(panel: &[f32], inputs: &[f32], columns: usize, products: &mut [f32], stride: usize) {
    let (count, width) = (inputs.len() / columns, panel.len() / columns);
    assert!(count > 0 && (count - 1) * stride + width <= products.len(), "products have a place each");
    // Lengths of slices, which no computer holds more of than this can count.
    let (columns_apart, products_apart) = (columns.cast_signed(), stride.cast_signed());
    // SAFETY: `inputs` holds `count` and `panel` `width` rows of `columns` numbers, since they are their
    // lengths divided by it; the last number of `products` that is written is inside, as asserted above.
    // `products` is borrowed alone, so nothing that is read is written.
    unsafe {
        gemm::gemm(
            count,
            width,
            columns,
            products.as_mut_ptr(),
            1,
            products_apart,
            false,
            inputs.as_ptr(),
            1,
            columns_apart,
            panel.as_ptr(),
            columns_apart,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// What matrices are multiplied by: rows of numbers. Made once, used by several matrices.
pub(crate) enum Inputs {
    /// In eight bits.
    Few(Vec<BlockQ8_0>),
    /// As they are.
    Many(Vec<f32>),
}

impl Inputs {
    /// `numbers` in rows of `columns`, which must be those of the matrices.
    pub(crate) fn new(numbers: Vec<f32>, columns: usize) -> Self {
        if numbers.len() >= MANY_INPUTS * columns {
            return Self::Many(numbers);
        }
        let mut blocks = vec![BlockQ8_0::zeros(); numbers.len() / BlockQ8_0::BLCK_SIZE];
        BlockQ8_0::from_float(&numbers, &mut blocks);
        Self::Few(blocks)
    }
}

#[cfg(test)]
mod tests;
