#pragma once

#include <string>

namespace muster::inline serve {

// Checks of TLS files before any connection. Without OpenSSL (no_tls.cpp) nothing is checked.

/// A certificate (with its chain, PEM) and its private key, as read from these files. Throws FileError where
/// one of them cannot be parsed, the key needs a password or belongs to another certificate, or the
/// certificate has expired or is not valid yet (with the date).
void require_usable_pair(const std::string& certificate_path, const std::string& certificate,
                         const std::string& key_path, const std::string& key);

/// Certificates of an authority, which must have signed the other side's. Throws FileError where none is
/// valid.
void require_usable_authority(const std::string& path, const std::string& certificates);

}  // namespace muster::inline serve
