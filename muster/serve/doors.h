#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster {

/// Who may speak with a server, and who can listen in.
struct DoorOptions {
  std::optional<std::string> certificate;  ///< PEM file: what this side shows
  std::optional<std::string> key;          ///< PEM file: its private key
  std::optional<std::string> authority;    ///< PEM file: who must have signed what the other side shows
  std::optional<std::string> token_file;   ///< holds a secret that workers say
  bool allow_plaintext_beyond_loopback = false;
  /// Both or neither of certificate and key. Throws OptionError.
  void validate() const;
};

/// The files of the doors, read.
struct Doors {
  std::string certificate, key, authority;  ///< PEM; "" where there is none
  std::string token;                        ///< "" where none is asked for
  std::vector<std::string> warnings{};      ///< what people should be told, a line each
};

/// How a server at `address` ("HOST:PORT") guards itself. TLS where it has a certificate, with client
/// certificates where it has an authority. Throws OptionError where that would let plain text, or anybody at
/// all, in from beyond the loopback interface, or a key's file is open to everybody; FileError for files that
/// are missing or empty, and for certificates that are out of their time or do not fit their key.
Doors server_doors(const DoorOptions& options, const std::string& address);

/// How a worker speaks to `address`: TLS where it has an authority. Throws OptionError where its words would
/// leave the machine in plain text; FileError.
Doors client_doors(const DoorOptions& options, const std::string& address);

/// Whether "HOST:PORT" lies on the loopback interface: 127.x.x.x, [::1], localhost. Throws OptionError where
/// it is not of that form.
bool is_loopback(const std::string& address);

}  // namespace muster
