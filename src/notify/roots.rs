//! Whose certificates are trusted: what the system trusts, or what a file names instead.

use std::path::Path;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// The certificates by which others prove who they are.
pub fn trusted(ca_file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(file) = ca_file else {
        // Where the system has none, TLS fails with every peer and says so.
        return Ok(rustls_native_certs::load_native_certs().certs);
    };
    let broken = |error| format!("{}: {error}", file.display());
    let found = CertificateDer::pem_file_iter(file).map_err(broken)?.collect::<Result<Vec<_>, _>>().map_err(broken)?;
    if found.is_empty() { Err(format!("{}: holds no certificate", file.display())) } else { Ok(found) }
}
