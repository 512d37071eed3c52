//! The directory, catalog and reasons as feeds deliver them: cut, empty, doubled, out of order.
