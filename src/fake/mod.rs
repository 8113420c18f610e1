//! The traits of [`crate::sys`] in memory, for tests; the linker drops them from the binary.
