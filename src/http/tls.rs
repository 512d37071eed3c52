//! The server's certificate and key, for TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that does not hold what it should.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: tokio_rustls::rustls::pki_types::pem::Error,
    },
    /// A chain without a certificate.
    #[error("{}: holds no certificate", .0.display())]
    Empty(PathBuf),
    /// They do not go together, or cannot be used.
    #[error("{}: {error}", path.display())]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
        /// Why not.
        error: tokio_rustls::rustls::Error,
    },
}

/// Reads a chain of certificates and its key, both PEM.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let broken = |path: &Path| {
        let path = path.to_owned();
        move |error| TlsError::File { path, error }
    };
    let chain = CertificateDer::pem_file_iter(certificate).map_err(broken(certificate))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(broken(certificate))?;
    if chain.is_empty() {
        return Err(TlsError::Empty(certificate.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(broken(key))?;
    let unusable = |error| TlsError::Unusable { path: certificate.to_owned(), error };
    let settings = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let mut settings = settings.map_err(unusable)?.with_no_client_auth().with_single_cert(chain, key).map_err(unusable)?;
    settings.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(settings)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_or_not_its_key_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let (none, text) = (dir.path().join("none.pem"), dir.path().join("text.pem"));
        std::fs::write(&text, "nothing\n").expect("written");
        let refused = |certificate: &Path, key: &Path| acceptor(certificate, key).err().expect("refused").to_string();
        assert!(refused(&none, &none).starts_with(&format!("{}: ", none.display())));
        assert_eq!(refused(&text, &text), format!("{}: holds no certificate", text.display()));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
        assert!(acceptor(&folder.join("localhost.pem"), &folder.join("localhost.key")).is_ok());
        assert!(refused(&folder.join("localhost.pem"), &folder.join("other.key")).contains("localhost.pem: "));
    }
}
