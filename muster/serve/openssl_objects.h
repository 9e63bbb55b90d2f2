#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

namespace muster::inline serve {

// OpenSSL's objects with their owners. Only for the sources that speak with OpenSSL.

struct FreeOpenssl {
  void operator()(BIO* one) const { BIO_free_all(one); }
  void operator()(X509* one) const { X509_free(one); }
  void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
  void operator()(SSL* one) const { SSL_free(one); }
  void operator()(SSL_CTX* one) const { SSL_CTX_free(one); }
  void operator()(GENERAL_NAMES* one) const { GENERAL_NAMES_free(one); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeOpenssl>;

/// All certificates of a PEM text, in order. The queue of OpenSSL's errors is empty afterwards.
std::vector<Owned<X509>> certificates_in(const std::string& pem);
/// Null where it is none, or needs a password.
Owned<EVP_PKEY> private_key_in(const std::string& pem);
/// "Nov 30 08:00:00 2026 GMT"
std::string date_text(const ASN1_TIME* time);

}  // namespace muster::inline serve
