//! The index: words to passages, scored by BM25. The one file that knows tantivy.
//!
//! It lives in memory and is built once, by one thread, in the passages' own order; nothing is added later.
//! Every passage that fits is scored, so what a query finds does not depend on how many are wanted.

use std::collections::BTreeSet;

use tantivy::collector::TopDocs;
use tantivy::merge_policy::NoMergePolicy;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, STORED, Schema, TextFieldIndexing, TextOptions, Value};
use tantivy::tokenizer::{Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer};
use tantivy::{Index as Tantivy, IndexReader, TantivyDocument, Term};

use crate::document::Piece;

/// The name under which the analyzer is known.
const ANALYZER: &str = "words";

/// Memory while it is built: above the least that tantivy takes.
const BUILD_BYTES: usize = 50_000_000;

/// Longest word; what is longer is no word.
const WORD_BYTES_MAX: usize = 64;

/// Most different words of a query that are looked for, the first ones.
const WORDS_MAX: usize = 64;

/// Words to passages.
pub(crate) struct Index {
    reader: IndexReader,
    /// Searched for each word: the heading and the text.
    fields: [Field; 2],
    /// Which passage a document of the index is.
    number: Field,
    analyzer: TextAnalyzer,
    pieces: usize,
}

impl Index {
    /// Indexes passages, which are found by their number.
    pub(crate) fn build(pieces: &[Piece]) -> tantivy::Result<Self> {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(ANALYZER)
            .set_index_option(IndexRecordOption::WithFreqs);
        let words = TextOptions::default().set_indexing_options(indexing);
        let title = schema.add_text_field("title", words.clone());
        let text = schema.add_text_field("text", words);
        let number = schema.add_u64_field("number", STORED);
        let index = Tantivy::create_in_ram(schema.build());
        // Words as English bends them; of other languages most are only lowered.
        let analyzer = TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(RemoveLongFilter::limit(WORD_BYTES_MAX))
            .filter(LowerCaser)
            .filter(Stemmer::new(Language::English))
            .build();
        index.tokenizers().register(ANALYZER, analyzer.clone());
        let mut writer = index.writer_with_num_threads(1, BUILD_BYTES)?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        for (at, piece) in pieces.iter().enumerate() {
            let mut document = TantivyDocument::default();
            document.add_text(title, &piece.title);
            document.add_text(text, &piece.text);
            document.add_u64(number, u64::try_from(at).unwrap_or(u64::MAX));
            writer.add_document(document)?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        let reader = index.reader()?;
        Ok(Self { reader, fields: [title, text], number, analyzer, pieces: pieces.len() })
    }

    /// The different words of a query, in its order.
    pub(crate) fn words(&self, query: &str) -> Vec<String> {
        let mut analyzer = self.analyzer.clone();
        let mut stream = analyzer.token_stream(query);
        let (mut seen, mut words) = (BTreeSet::new(), Vec::new());
        while words.len() < WORDS_MAX && stream.advance() {
            let word = &stream.token().text;
            if seen.insert(word.clone()) {
                words.push(word.clone());
            }
        }
        words
    }

    /// Every passage that holds one of the words, with its score, in no order.
    pub(crate) fn find(&self, words: &[String]) -> tantivy::Result<Vec<(usize, f32)>> {
        let mut terms: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for word in words {
            for field in self.fields {
                let term = Term::from_field_text(field, word);
                terms.push((Occur::Should, Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))));
            }
        }
        let searcher = self.reader.searcher();
        let all = TopDocs::with_limit(self.pieces.max(1)).order_by_score();
        let mut found = Vec::new();
        for (score, address) in searcher.search(&BooleanQuery::new(terms), &all)? {
            let document: TantivyDocument = searcher.doc(address)?;
            let number = document.get_first(self.number).and_then(|value| value.as_u64());
            if let Some(number) = number.and_then(|number| usize::try_from(number).ok()) {
                found.push((number, score));
            }
        }
        Ok(found)
    }
}
