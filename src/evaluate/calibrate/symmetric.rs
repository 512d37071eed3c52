//! The diagonal of the inverse of a symmetric, positive definite matrix, by Cholesky's decomposition.

/// The diagonal of the inverse. Where the matrix is not positive definite, what is not determined is 0.
pub fn inverse_diagonal(mut matrix: Vec<Vec<f64>>) -> Vec<f64> {
    let size = matrix.len();
    // matrix = L Lᵀ, with L in the lower half.
    for row in 0..size {
        for column in 0..=row {
            let known: f64 = (0..column).map(|at| matrix[row][at] * matrix[column][at]).sum();
            let rest = matrix[row][column] - known;
            matrix[row][column] = match row == column {
                true => rest.max(0.0).sqrt(),
                false if matrix[column][column] > 0.0 => rest / matrix[column][column],
                false => 0.0,
            };
        }
    }
    // Column by column of L⁻¹: the diagonal of the inverse is the squared length of each.
    let mut diagonal = vec![0.0; size];
    for (column, squared) in diagonal.iter_mut().enumerate() {
        let mut solved = vec![0.0; size];
        for row in column..size {
            let known: f64 = (column..row).map(|at| matrix[row][at] * solved[at]).sum();
            let right = if row == column { 1.0 } else { 0.0 };
            solved[row] = if matrix[row][row] > 0.0 { (right - known) / matrix[row][row] } else { 0.0 };
        }
        *squared = solved.iter().map(|value| value * value).sum();
    }
    diagonal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diagonal_is_that_of_the_inverse() {
        let diagonal = inverse_diagonal(vec![vec![4.0, 1.0], vec![1.0, 3.0]]);
        assert!((diagonal[0] - 3.0 / 11.0).abs() < 1e-12 && (diagonal[1] - 4.0 / 11.0).abs() < 1e-12, "{diagonal:?}");
        assert_eq!(inverse_diagonal(vec![vec![0.0]]), [0.0]);
    }
}
