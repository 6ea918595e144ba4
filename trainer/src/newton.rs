//! Logistic regression with ridge, by Newton's method (iteratively reweighted least squares).

/// Rows of one width, with what each is and how much it counts.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// The values of all rows, one row after the other.
    pub values: Vec<f64>,
    /// What each row is: 1 or 0.
    pub targets: Vec<f64>,
    /// How much each row counts.
    pub weights: Vec<f64>,
}

/// A fitted model: score = bias + sum of weight times value.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The score of a row of zeros.
    pub bias: f64,
    /// A weight for each value.
    pub weights: Vec<f64>,
}

impl Fit {
    /// Rounds to four decimals, as weight files have them.
    #[must_use]
    pub fn rounded(mut self) -> Self {
        for weight in self.weights.iter_mut().chain([&mut self.bias]) {
            *weight = (*weight * 1e4).round() / 1e4;
        }
        self
    }
}

/// The bias is all but free.
const RIDGE_OF_BIAS: f64 = 1e-6;
const STEPS_MAX: usize = 15;
const STEP_MIN: f64 = 1e-6;
/// Beyond this a logit makes no difference that counts.
const LOGIT_MAX: f64 = 30.0;

/// Fits rows of `width` values; `ridge` pulls the weights towards 0, after values are brought to one
/// scale.
///
/// # Panics
///
/// When there are no samples, or their parts do not fit together.
pub fn fit(samples: &Samples, width: usize, ridge: f64) -> Fit {
    let rows = samples.targets.len();
    assert!(rows > 0 && samples.values.len() == rows * width, "rows have one width");
    assert_eq!(samples.weights.len(), rows, "every row has a weight");
    let (means, deviations) = scales(samples, width);
    let mean_weight = samples.weights.iter().sum::<f64>() / rows_f64(rows);
    let size = width + 1;
    let mut solution = vec![0.0; size];
    for _ in 0..STEPS_MAX {
        let mut hessian = vec![0.0; size * size];
        let mut gradient = vec![0.0; size];
        let mut row = vec![1.0; size];
        for (at, values) in samples.values.chunks_exact(width).enumerate() {
            for (i, value) in values.iter().enumerate() {
                row[i + 1] = (value - means[i]) / deviations[i];
            }
            let weight = samples.weights[at] / mean_weight;
            add_row(&row, (samples.targets[at], weight), &solution, (&mut hessian, &mut gradient));
        }
        for i in 0..size {
            let ridge = if i == 0 { RIDGE_OF_BIAS } else { ridge };
            hessian[i * size + i] += ridge;
            gradient[i] -= ridge * solution[i];
        }
        solve(&mut hessian, &mut gradient);
        solution.iter_mut().zip(&gradient).for_each(|(x, step)| *x += step);
        if gradient.iter().all(|step| step.abs() < STEP_MIN) {
            break;
        }
    }
    let weights: Vec<f64> = (0..width).map(|i| solution[i + 1] / deviations[i]).collect();
    let shift: f64 = weights.iter().zip(&means).map(|(weight, mean)| weight * mean).sum();
    Fit { bias: solution[0] - shift, weights }
}

/// Mean and standard deviation of each value.
fn scales(samples: &Samples, width: usize) -> (Vec<f64>, Vec<f64>) {
    let rows = rows_f64(samples.targets.len());
    let (mut means, mut squares) = (vec![0.0; width], vec![0.0; width]);
    for values in samples.values.chunks_exact(width) {
        means.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    for sum in &mut means {
        *sum /= rows;
    }
    for values in samples.values.chunks_exact(width) {
        for (i, value) in values.iter().enumerate() {
            squares[i] += (value - means[i]) * (value - means[i]);
        }
    }
    (means, squares.into_iter().map(|sum| (sum / rows).sqrt() + 1e-9).collect())
}

/// Adds a row to the gradient and to the lower half of the Hessian of the log-likelihood.
fn add_row(
    row: &[f64],
    (target, weight): (f64, f64),
    solution: &[f64],
    (hessian, gradient): (&mut [f64], &mut [f64]),
) {
    let logit: f64 = row.iter().zip(solution).map(|(x, b)| x * b).sum();
    let likely = 1.0 / (1.0 + (-logit.clamp(-LOGIT_MAX, LOGIT_MAX)).exp());
    let error = weight * (target - likely);
    let curve = (weight * likely * (1.0 - likely)).max(1e-9);
    for (i, x) in row.iter().enumerate() {
        gradient[i] += error * x;
        let scaled = curve * x;
        let line = &mut hessian[i * row.len()..=i * row.len() + i];
        line.iter_mut().zip(row).for_each(|(sum, y)| *sum += scaled * y);
    }
}

/// Solves a symmetric positive definite system, of which the lower half is given, by Cholesky's
/// method; the right side becomes the solution.
fn solve(matrix: &mut [f64], side: &mut [f64]) {
    let order = side.len();
    for i in 0..order {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| matrix[i * order + k] * matrix[j * order + k]).sum();
            let rest = matrix[i * order + j] - dot;
            matrix[i * order + j] = if i == j {
                assert!(rest > 0.0, "ridge makes the Hessian positive definite");
                rest.sqrt()
            } else {
                rest / matrix[j * order + j]
            };
        }
    }
    for i in 0..order {
        let dot: f64 = (0..i).map(|k| matrix[i * order + k] * side[k]).sum();
        side[i] = (side[i] - dot) / matrix[i * order + i];
    }
    for i in (0..order).rev() {
        let dot: f64 = (i + 1..order).map(|k| matrix[k * order + i] * side[k]).sum();
        side[i] = (side[i] - dot) / matrix[i * order + i];
    }
}

fn rows_f64(rows: usize) -> f64 {
    f64::from(u32::try_from(rows).expect("fewer than 2^32 rows"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved() {
        let mut matrix = vec![4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 2.0, 3.0, 6.0];
        let mut side = vec![14.0, 21.0, 26.0];
        solve(&mut matrix, &mut side);
        for (found, expected) in side.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - expected).abs() < 1e-12, "{side:?}");
        }
    }

    #[test]
    fn the_sign_of_a_weight_is_that_of_the_evidence() {
        let samples = Samples {
            values: (0..200).flat_map(|n| [f64::from(n % 10), f64::from(n % 3)]).collect(),
            targets: (0..200).map(|n| f64::from(u8::from(n % 10 > 5))).collect(),
            weights: vec![2.0; 200],
        };
        let fit = fit(&samples, 2, 30.0);
        assert!(fit.weights[0] > 0.1 && fit.weights[1].abs() < 0.1, "{fit:?}");
        assert!(fit.bias + 9.0 * fit.weights[0] > 0.0 && fit.bias < 0.0, "{fit:?}");
    }
}
