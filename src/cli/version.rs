//! What `--version` says: version, commit and the features that were built in.

use std::sync::LazyLock;

/// The features of the crate, and whether they are built in.
const FEATURES: &[(&str, bool)] =
    &[("tls", cfg!(feature = "tls")), ("tls-vendored", cfg!(feature = "tls-vendored")), ("oidc", cfg!(feature = "oidc"))];

/// The text of `--version`; `-V` says the first line alone.
pub static LONG: LazyLock<String> = LazyLock::new(|| {
    let built_in: Vec<&str> = FEATURES.iter().filter(|(_, built_in)| *built_in).map(|(name, _)| *name).collect();
    let features = if built_in.is_empty() { "none".to_owned() } else { built_in.join(", ") };
    let commit = option_env!("LEAKWARDEN_COMMIT").unwrap_or("unknown");
    format!("{}\ncommit: {commit}\nfeatures: {features}", env!("CARGO_PKG_VERSION"))
});

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_feature_of_the_crate_is_listed() {
        let manifest: toml::Table = toml::from_str(include_str!("../../Cargo.toml")).expect("a manifest");
        let features = manifest["features"].as_table().expect("a table");
        let declared: BTreeSet<&str> = features.keys().map(String::as_str).filter(|name| *name != "default").collect();
        assert_eq!(FEATURES.iter().map(|(name, _)| *name).collect::<BTreeSet<&str>>(), declared);
    }

    #[test]
    fn it_has_version_commit_and_features() {
        let lines: Vec<&str> = LONG.lines().collect();
        assert_eq!((lines.len(), lines[0]), (3, env!("CARGO_PKG_VERSION")));
        assert!(lines[1].len() > "commit: ".len() && lines[2].starts_with("features: "), "{lines:?}");
    }
}
