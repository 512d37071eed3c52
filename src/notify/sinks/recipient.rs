//! Whoever is reached by an address of HTTP that may be a secret.

use crate::notify::secret::{Secret, address_mistake, shown};
use std::net::IpAddr;

/// The address, checked: one that holds a token travels encrypted, unless it stays on this machine.
pub fn address(url: &Secret) -> Result<String, String> {
    let address = url.read()?;
    if let Some(rule) = address_mistake(&address) {
        return Err(format!("the address ({url:?}) {rule}"));
    }
    if address.starts_with("http://") && !matches!(url, Secret::Given(_)) && !is_near(&address) {
        return Err(format!("the address ({url:?}) must begin with https://: a secret would travel in the open"));
    }
    Ok(address)
}

/// Where messages go, without the secret.
pub fn described(url: &Secret) -> String {
    match url {
        Secret::Given(address) => address.shown(),
        Secret::File(_) | Secret::Environment(_) => match url.read() {
            Ok(address) => format!("{} (address: {url:?})", shown(&address)),
            Err(_) => format!("the address {url:?}"),
        },
    }
}

fn is_near(address: &str) -> bool {
    let host = shown(address);
    let host = host.trim_start_matches("http://");
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::secret::Address;

    #[test]
    fn an_address_with_a_token_travels_encrypted() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("url");
        let judged = |url: &str| {
            std::fs::write(&file, url).expect("written");
            address(&Secret::File(file.clone()))
        };
        assert!(judged("https://hooks.example/t0ken").is_ok() && judged("http://127.0.0.1:1/t0ken").is_ok());
        assert!(judged("http://[::1]:1/t0ken").is_ok() && judged("http://localhost/t0ken").is_ok());
        for wrong in ["http://hooks.example/t0ken", "http://127.0.0.1.example/t0ken", "hooks.example/t0ken"] {
            let refused = judged(wrong).expect_err("refused");
            assert!(!refused.contains("t0ken"), "{refused}");
        }
        assert!(address(&Secret::Given(Address("http://inside.example/".to_owned()))).is_ok(), "somebody wrote it openly");
    }
}
