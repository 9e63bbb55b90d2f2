#pragma once

#include <string>

namespace muster {

// What can be said of TLS files before anybody connects. A twin without OpenSSL says nothing.

/// A certificate (with its chain, PEM) and its private key, as read from these files. Throws FileError where
/// one of them is not understood, the key needs a password or belongs to another certificate, or the
/// certificate holds no longer or not yet, with its date.
void require_usable_pair(const std::string& certificate_path, const std::string& certificate,
                         const std::string& key_path, const std::string& key);

/// Certificates that others' are to be signed by. Throws FileError where none is understood, or none holds.
void require_usable_authority(const std::string& path, const std::string& certificates);

}  // namespace muster
