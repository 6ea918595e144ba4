//! Weight files: what a score starts from, and a weight for each named feature.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bias: f64,
    weights: BTreeMap<String, f64>,
}

/// The bias of a weight file and its weights in the order of `names`; `name` is for messages.
///
/// # Errors
///
/// When the file is not well-formed, or does not have one finite weight for each of `names`.
pub(super) fn parse<const N: usize>(
    file: &str,
    name: &str,
    names: &[&str; N],
) -> Result<(f64, [f64; N])> {
    let file: File = toml::from_str(file).map_err(|e| Error::malformed(name, e))?;
    let mut weights = [0.0; N];
    for (weight, feature) in weights.iter_mut().zip(names) {
        *weight = *file
            .weights
            .get(*feature)
            .ok_or_else(|| Error::malformed(name, format!("has no weight for {feature}")))?;
    }
    if let Some(other) = file.weights.keys().find(|key| !names.contains(&key.as_str())) {
        return Err(Error::malformed(name, format!("weighs {other}, which is no feature")));
    }
    if !file.bias.is_finite() || weights.iter().any(|weight| !weight.is_finite()) {
        return Err(Error::malformed(name, "has a weight that is no number"));
    }
    Ok((file.bias, weights))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_fit_is_refused_by_name() {
        let check = |file: &str, what: &str| {
            let error = parse(file, "w.toml", &["long", "short"]).unwrap_err().to_string();
            assert!(error.starts_with("w.toml: ") && error.contains(what), "{error}");
        };
        check("bias = 1.0\n[weights]\n", "has no weight for long");
        check("bias = nan\n[weights]\nlong = 0.0\nshort = 0.0\n", "is no number");
        check("bias = 1.0\n[weights]\nlong = 0.0\nshort = inf\n", "is no number");
        let other = "bias = 1.0\n[weights]\nlong = 0.0\nshort = 0.0\ncolor = 1.0\n";
        check(other, "weighs color");
    }
}
