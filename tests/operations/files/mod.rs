//! Files as they are rotated, mirrored, mounted late and finished.
