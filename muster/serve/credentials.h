#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::inline serve {

/// Which clients a server accepts, and whether traffic is encrypted.
struct CredentialOptions {
  std::optional<std::string> certificate;  ///< PEM file: what this side shows
  std::optional<std::string> key;          ///< PEM file: its private key
  std::optional<std::string> authority;    ///< PEM file: who must have signed what the other side shows
  std::optional<std::string> token_file;   ///< holds the secret that workers send
  bool allow_plaintext_beyond_loopback = false;
  /// Both or neither of certificate and key. Throws OptionError.
  void validate() const;
};

/// The files of the credentials, read.
struct Credentials {
  std::string certificate, key, authority;  ///< PEM; "" where there is none
  std::string token;                        ///< "" where none is asked for
  std::vector<std::string> warnings{};      ///< what people should be told, a line each
};

/// Credentials of a server at `address` ("HOST:PORT"): TLS where it has a certificate, with client
/// certificates where it has an authority. Throws OptionError where that would accept plain text, or any
/// client at all, from beyond the loopback interface, or a key's file is open to everybody; FileError for
/// files that are missing or empty, and for certificates that are not valid now or do not fit their key.
Credentials server_credentials(const CredentialOptions& options, const std::string& address);

/// Credentials of a worker for a server at `address`: TLS where it has an authority. Throws OptionError where
/// its messages would leave the machine in plain text; FileError.
Credentials client_credentials(const CredentialOptions& options, const std::string& address);

/// Whether "HOST:PORT" lies on the loopback interface: 127.x.x.x, [::1], localhost. Throws OptionError where
/// it is not of that form.
bool is_loopback(const std::string& address);

}  // namespace muster::inline serve
