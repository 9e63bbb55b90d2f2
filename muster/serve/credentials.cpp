#include "muster/serve/credentials.h"

#include <sys/stat.h>

#include <charconv>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/serve/certificates.h"

namespace muster::inline serve {

namespace {

constexpr const char* long_flag = "--serve.allow_plaintext_beyond_loopback";

std::string host_of(const std::string& address) {
  const size_t colon = address.rfind(':');
  int port = -1;
  if (colon != std::string::npos && colon > 0) {
    const char* end = address.data() + address.size();
    const auto read = std::from_chars(address.data() + colon + 1, end, port);
    if (read.ec != std::errc() || read.ptr != end) port = -1;
  }
  const std::string host = address.substr(0, colon == std::string::npos ? 0 : colon);
  const bool bare_ipv6 = host.find(':') != std::string::npos && !(host.front() == '[' && host.back() == ']');
  if (port < 0 || port > 65535 || bare_ipv6)
    throw OptionError("ADDRESS", address, "must be HOST:PORT, such as 127.0.0.1:7077 or [::1]:7077");
  return host;
}

bool is_four_numbers(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos;
}

std::string read_pem(const std::optional<std::string>& path, const char* what) {
  if (!path) return "";
  std::string content = read_file(*path);
  if (content.find("-----BEGIN ") == std::string::npos)
    throw FileError("'" + *path + "' holds no " + what +
                    " in PEM form; examples/tls/make_certificates.sh makes one");
  return content;
}

std::string read_token(const std::optional<std::string>& path) {
  if (!path) return "";
  std::string token = read_file(*path);
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  constexpr size_t shortest = 16;
  if (token.size() < shortest)
    throw FileError("the token in '" + *path +
                    "' is shorter than 16 characters; make one with: openssl rand -hex 32");
  for (const char c : token)
    if (c < 33 || c > 126)
      throw FileError("the token in '" + *path + "' must be one line of visible ASCII characters");
  return token;
}

/// Whether people who are neither its owner nor of its group may read or change the file.
bool open_to_everybody(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

Credentials read_files(const CredentialOptions& options) {
  options.validate();
  Credentials credentials{.certificate = read_pem(options.certificate, "certificate"),
                          .key = read_pem(options.key, "key"),
                          .authority = read_pem(options.authority, "certificate"),
                          .token = read_token(options.token_file)};
  if (options.certificate && options.key)
    require_usable_pair(*options.certificate, credentials.certificate, *options.key, credentials.key);
  if (options.key && open_to_everybody(*options.key))
    throw OptionError("serve.key", *options.key,
                      "everybody on this machine can read or change this key: chmod 600 " + *options.key);
  if (options.token_file && open_to_everybody(*options.token_file))
    credentials.warnings.push_back("warning: everybody on this machine can read or change the token in '" +
                                   *options.token_file + "': chmod 600 " + *options.token_file);
  if (options.authority) require_usable_authority(*options.authority, credentials.authority);
  return credentials;
}

}  // namespace

void CredentialOptions::validate() const {
  if (certificate && !key)
    throw OptionError("serve.certificate", *certificate, "needs serve.key, the certificate's private key");
  if (key && !certificate)
    throw OptionError("serve.key", *key, "needs serve.certificate, which the key belongs to");
}

bool is_loopback(const std::string& address) {
  const std::string host = host_of(address);
  return host == "localhost" || host == "[::1]" || (host.starts_with("127.") && is_four_numbers(host));
}

Credentials server_credentials(const CredentialOptions& options, const std::string& address) {
  Credentials credentials = read_files(options);
  if (options.authority && !options.certificate)
    throw OptionError("serve.authority", *options.authority,
                      "needs serve.certificate and serve.key: clients' certificates are asked for over TLS");
  if (is_loopback(address) || options.allow_plaintext_beyond_loopback) return credentials;
  if (credentials.certificate.empty())
    throw OptionError(
        "serve.address", address,
        std::string("would speak plain text beyond this machine; give serve.certificate, serve.key and "
                    "serve.authority, or use ") +
            long_flag);
  if (credentials.authority.empty() && credentials.token.empty())
    throw OptionError("serve.address", address,
                      std::string("would let anybody in; give serve.authority (client certificates) or "
                                  "serve.token_file, or use ") +
                          long_flag);
  return credentials;
}

Credentials client_credentials(const CredentialOptions& options, const std::string& address) {
  Credentials credentials = read_files(options);
  if (options.certificate && !options.authority)
    throw OptionError("serve.certificate", *options.certificate,
                      "needs serve.authority, which the server's certificate must be signed by");
  if (is_loopback(address) || options.allow_plaintext_beyond_loopback || !credentials.authority.empty())
    return credentials;
  throw OptionError(
      "ADDRESS", address,
      std::string("would be spoken to in plain text beyond this machine; give serve.authority, or use ") +
          long_flag);
}

}  // namespace muster::inline serve
