//! Audit records of health care: FHIR's AuditEvent and its ancestor, the AuditMessage of DICOM, RFC 3881 and IHE ATNA.
//!
//! Both tell the same and are read into one [`trail::Trail`]. They are among the few that say *which person*.

mod atna;
mod fhir;
mod trail;

pub use atna::FORMAT as ATNA;
pub use fhir::FORMAT as FHIR;
