//! What must stand after a restart as it stood before.
