//! The secure way in: keys, sessions, and the transfer of files (RFC 4251 to 4254).
