#include "muster/serve/tls_probe.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <poll.h>

#include <array>
#include <charconv>
#include <chrono>
#include <string_view>

#include "muster/base/error.h"
#include "muster/rendezvous/sockets.h"
#include "muster/serve/openssl_objects.h"

namespace muster::inline serve {

namespace {

struct Place {
  std::string host;
  int port = 0;
};

Place place_of(const std::string& address) {
  const size_t colon = address.rfind(':');
  Place place{address.substr(0, colon), 0};
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), place.port);
  if (place.host.starts_with('[') && place.host.ends_with(']'))
    place.host = place.host.substr(1, place.host.size() - 2);
  return place;
}

bool is_number(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

/// The names and addresses that a certificate is for.
std::string names_in(const X509& certificate) {
  const Owned<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string text;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    std::array<char, INET6_ADDRSTRLEN> number{};
    std::string one;
    if (name->type == GEN_DNS)
      one = {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
             static_cast<size_t>(ASN1_STRING_length(name->d.dNSName))};
    if (name->type == GEN_IPADD)
      one = ::inet_ntop(ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6,
                        ASN1_STRING_get0_data(name->d.iPAddress), number.data(), number.size()) != nullptr
                ? number.data()
                : "";
    for (char& letter : one)
      if (letter < 32 || letter > 126) letter = '?';
    if (!one.empty()) text += (text.empty() ? "" : ", ") + one;
  }
  return text.empty() ? "no name" : text;
}

/// One connection, up to what the server says first.
class Handshake {
 public:
  Handshake(const Place& place, const Credentials& credentials, SteadyTime deadline)
      : place_(place),
        deadline_(deadline),
        socket_(connect_to(place.host, place.port, deadline)),
        context_(SSL_CTX_new(TLS_client_method())) {
    invariant(context_ != nullptr, "OpenSSL has no context");
    X509_STORE* const store = SSL_CTX_get_cert_store(context_.get());
    for (const auto& one : certificates_in(credentials.authority)) X509_STORE_add_cert(store, one.get());
    bool first = true;
    for (const auto& one : certificates_in(credentials.certificate)) {
      if (first) SSL_CTX_use_certificate(context_.get(), one.get());
      if (!first) SSL_CTX_add1_chain_cert(context_.get(), one.get());
      first = false;
    }
    if (const auto key = private_key_in(credentials.key)) SSL_CTX_use_PrivateKey(context_.get(), key.get());
    // The certificate is checked afterwards, so that every problem can be named.
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
    line_.reset(SSL_new(context_.get()));
    invariant(line_ != nullptr, "OpenSSL has no line");
    constexpr std::array<unsigned char, 3> protocol = {2, 'h', '2'};
    SSL_set_alpn_protos(line_.get(), protocol.data(), protocol.size());
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(line_.get());
    if (is_number(place.host)) {
      X509_VERIFY_PARAM_set1_ip_asc(wanted, place.host.c_str());
    } else {
      X509_VERIFY_PARAM_set1_host(wanted, place.host.c_str(), 0);
      SSL_set_tlsext_host_name(line_.get(), place.host.c_str());
    }
    SSL_set_fd(line_.get(), socket_.number());
  }

  /// What is wrong; nothing where it is fine, or nothing came in time.
  std::optional<std::string> problem(bool speaks_tls) {
    connected_ = until_done([this] { return SSL_connect(line_.get()); });
    if (!speaks_tls)
      return connected_
                 ? std::optional<std::string>("the server uses TLS; give serve.authority (docs/security.md)")
                 : std::nullopt;
    if (!connected_) return refused();
    if (auto wrong = wrong_certificate()) return wrong;
    char byte = 0;  // where it refuses our certificate it says so now
    if (until_done([&] { return SSL_read(line_.get(), &byte, 1); })) return std::nullopt;
    return refused();
  }

  /// Both sides agreed, then the server ended the connection without a word. gRPC's servers often refuse a
  /// client's certificate like this; one that is being stopped does it too.
  bool closed_silently() const { return connected_ && closed_; }

 private:
  template <class Call>
  bool until_done(Call call) {
    while (true) {
      ERR_clear_error();
      const int result = call();
      if (result > 0) return true;
      const int why = SSL_get_error(line_.get(), result);
      reason_ = why == SSL_ERROR_SSL ? ERR_GET_REASON(ERR_peek_error()) : 0;
      closed_ = why == SSL_ERROR_ZERO_RETURN || why == SSL_ERROR_SYSCALL ||
                reason_ == SSL_R_UNEXPECTED_EOF_WHILE_READING;
      ERR_clear_error();
      if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return false;
      pollfd wanted{socket_.number(), static_cast<short>(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
      if (::poll(&wanted, 1, poll_milliseconds(std::chrono::steady_clock::now(), deadline_)) <= 0)
        return false;
    }
  }

  std::optional<std::string> refused() const {
    switch (reason_) {
      case SSL_R_WRONG_VERSION_NUMBER:
      case SSL_R_PACKET_LENGTH_TOO_LONG:
      case SSL_R_HTTP_REQUEST:
        return "the server uses plain text, not TLS; start it with serve.certificate, or leave "
               "serve.authority out";
      case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "it does not know who signed this side's certificate (serve.certificate): its serve.authority "
               "is "
               "another one";
      case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        return "it says that this side's certificate (serve.certificate) has expired";
      case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        return "it refuses this side's certificate (serve.certificate)";
      case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return "it asks for a client certificate; give serve.certificate and serve.key";
      default:
        return std::nullopt;
    }
  }

  std::optional<std::string> wrong_certificate() const {
    const long verdict = SSL_get_verify_result(line_.get());
    const Owned<X509> shown(SSL_get1_peer_certificate(line_.get()));
    if (verdict == X509_V_OK || !shown) return std::nullopt;
    switch (verdict) {
      case X509_V_ERR_CERT_HAS_EXPIRED:
        return "its certificate expired on " + date_text(X509_get0_notAfter(shown.get()));
      case X509_V_ERR_CERT_NOT_YET_VALID:
        return "its certificate does not hold before " + date_text(X509_get0_notBefore(shown.get()));
      case X509_V_ERR_HOSTNAME_MISMATCH:
      case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return fmt::format("its certificate is for {}, not for {}; call it by one of these names",
                           names_in(*shown), place_.host);
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "its certificate is not signed by serve.authority";
      default:
        return std::string("its certificate is refused: ") + X509_verify_cert_error_string(verdict);
    }
  }

  const Place& place_;
  SteadyTime deadline_;
  FileDescriptor socket_;
  Owned<SSL_CTX> context_;
  Owned<SSL> line_;
  int reason_ = 0;
  bool connected_ = false;
  bool closed_ = false;
};

constexpr std::string_view refused_silently =
    "it ends the connection when it sees this side's certificate (serve.certificate): that has expired, or "
    "was not signed by the server's serve.authority";

}  // namespace

std::optional<std::string> tls_problem(const std::string& address, const Credentials& credentials,
                                       double seconds) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds));
  try {
    const Place place = place_of(address);
    // A server that is being stopped closes silently once, one that refuses does so each time.
    for (int silent = 0; silent < 2; ++silent) {
      Handshake handshake(place, credentials, deadline);
      if (auto wrong = handshake.problem(!credentials.authority.empty())) return wrong;
      if (credentials.certificate.empty() || !handshake.closed_silently()) return std::nullopt;
    }
    return std::string(refused_silently);
  } catch (const LostPeer&) {  // not reached: that may pass
    return std::nullopt;
  }
}

}  // namespace muster::inline serve
