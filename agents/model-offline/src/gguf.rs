//! The parts of a GGUF file: its sizes, its words, its tensors. What they mean is the network's and the
//! tokenizer's matter.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use candle_core::Device;
use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file::{Content, Value};

use crate::load::LoadError;
use crate::matrix::Matrix;

/// An open file.
pub(crate) struct Gguf {
    file: BufReader<File>,
    content: Content,
}

impl Gguf {
    /// Reads what stands before the tensors.
    pub(crate) fn open(path: &Path) -> Result<Self, LoadError> {
        let wrong = |error: &dyn std::fmt::Display| LoadError::part("the header", error);
        let mut file = BufReader::new(File::open(path).map_err(|error| wrong(&error))?);
        let content = Content::read(&mut file).map_err(|error| wrong(&error))?;
        Ok(Self { file, content })
    }

    /// A size.
    pub(crate) fn size(&self, key: &str) -> Result<usize, LoadError> {
        let size = self.value(key)?.to_u32().map_err(|error| LoadError::part(key, &error))?;
        usize::try_from(size).map_err(|error| LoadError::part(key, &error))
    }

    /// A number.
    pub(crate) fn number(&self, key: &str) -> Result<f32, LoadError> {
        self.value(key)?.to_f32().map_err(|error| LoadError::part(key, &error))
    }

    /// A list of texts, in order.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<String>, LoadError> {
        let wrong = |error: &dyn std::fmt::Display| LoadError::part(key, error);
        let list = self.value(key)?.to_vec().map_err(|error| wrong(&error))?;
        list.iter().map(|text| text.to_string().cloned().map_err(|error| wrong(&error))).collect()
    }

    /// A list of small numbers, in order.
    pub(crate) fn kinds(&self, key: &str) -> Result<Vec<i32>, LoadError> {
        let wrong = |error: &dyn std::fmt::Display| LoadError::part(key, error);
        let list = self.value(key)?.to_vec().map_err(|error| wrong(&error))?;
        list.iter().map(|kind| kind.to_i32().map_err(|error| wrong(&error))).collect()
    }

    /// A matrix that must have this many rows and columns.
    pub(crate) fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Matrix, LoadError> {
        let matrix = Matrix::of_tensor(&self.tensor(name)?).map_err(|error| LoadError::part(name, &error))?;
        if (matrix.rows(), matrix.columns()) != (rows, columns) {
            let found = format!("{} rows of {}, not {rows} of {columns}", matrix.rows(), matrix.columns());
            return Err(LoadError::part(name, &found));
        }
        Ok(matrix)
    }

    /// A row of numbers that must be this long.
    pub(crate) fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, LoadError> {
        let read = |tensor: QTensor| tensor.dequantize(&Device::Cpu)?.to_vec1::<f32>();
        let vector = read(self.tensor(name)?).map_err(|error| LoadError::part(name, &error))?;
        if vector.len() != length {
            return Err(LoadError::part(name, &format!("{} numbers, not {length}", vector.len())));
        }
        Ok(vector)
    }

    fn tensor(&mut self, name: &str) -> Result<QTensor, LoadError> {
        let tensor = self.content.tensor(&mut self.file, name, &Device::Cpu);
        tensor.map_err(|error| LoadError::part(name, &error))
    }

    fn value(&self, key: &str) -> Result<&Value, LoadError> {
        self.content.metadata.get(key).ok_or_else(|| LoadError::part(key, &"it is not there"))
    }
}
