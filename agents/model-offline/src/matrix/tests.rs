//! Products in eight bits are the exact ones, but for rounding.

use super::*;
use candle_core::Tensor;
use candle_core::quantized::GgmlDType;

/// Numbers from -1 to 1 without a pattern that would hide a mistake.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn matrix(numbers: &[f32], rows: usize, columns: usize) -> Matrix {
    let tensor = Tensor::from_slice(numbers, (rows, columns), &Device::Cpu).unwrap();
    Matrix::of_tensor(&QTensor::quantize(&tensor, GgmlDType::F32).unwrap()).unwrap()
}

/// Any number of inputs gives each its product; so does a matrix of several panels, the last one short.
#[test]
fn products() {
    let check = |rows: usize, columns: usize, inputs: usize| {
        let (weights, given) = (numbers(rows * columns, 1), numbers(inputs * columns, 2));
        let matrix = matrix(&weights, rows, columns);
        assert_eq!((matrix.rows(), matrix.columns()), (rows, columns));
        let products = matrix.multiply(&Inputs::new(given.clone(), columns));
        assert_eq!(products.len(), inputs * rows);
        for (place, product) in products.iter().enumerate() {
            let (input, row) = (place / rows, place % rows);
            let pairs = given[input * columns..].iter().zip(&weights[row * columns..]).take(columns);
            let exact: f32 = pairs.map(|(x, y)| x * y).sum();
            // Each factor is off by at most one in 254; their errors mostly cancel out.
            let allowed = 0.01 * (columns as f32).sqrt();
            assert!((product - exact).abs() < allowed, "{rows}x{columns}, {place}: {product}, {exact}");
        }
    };
    check(1, 32, 1);
    check(5, 64, 3);
    check(5, 64, 7);
    check(5, 64, 8);
    check(7, 576, 16);
    check(600, 96, 33);
    check(4, 32, 0);
}

/// A row comes back as it went in, but for rounding; there is none behind the last.
#[test]
fn rows() {
    let weights = numbers(3 * 64, 3);
    let matrix = matrix(&weights, 3, 64);
    for (found, given) in matrix.row(2).unwrap().iter().zip(&weights[128..]) {
        assert!((found - given).abs() < 0.005, "{found} {given}");
    }
    assert!(matrix.row(3).is_none());
}

/// A matrix that cannot be cut into blocks is told so.
#[test]
fn odd_rows() {
    let tensor = Tensor::from_slice(&numbers(40, 4), (2, 20), &Device::Cpu).unwrap();
    let error = Matrix::of_tensor(&QTensor::quantize(&tensor, GgmlDType::F32).unwrap()).err().unwrap();
    assert!(error.to_string().contains("a row of 20 weights"), "{error}");
}
