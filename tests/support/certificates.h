#pragma once

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstring>  // EVP_EC_gen
#include <memory>
#include <stdexcept>
#include <string>

namespace muster::test {

/// The content of a certificate.
struct CertificateWish {
  std::string name = "DNS:localhost,IP:127.0.0.1";  ///< subjectAltName
  long from = -3600, until = 3600;                  ///< seconds from now
  bool authority = false;
};

/// A certificate and its key, made in a few milliseconds.
class Certificate {
 public:
  /// Signed by `by`; by itself where there is none.
  explicit Certificate(const CertificateWish& wish, const Certificate* by = nullptr)
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(X509_new(), X509_free) {
    X509* const one = certificate_.get();
    X509_set_version(one, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(one), ++serial());
    X509_gmtime_adj(X509_getm_notBefore(one), wish.from);
    X509_gmtime_adj(X509_getm_notAfter(one), wish.until);
    X509_set_pubkey(one, key_.get());
    const std::string common = "muster " + std::to_string(serial());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(one), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
    const X509* const issuer = by == nullptr ? one : by->certificate_.get();
    X509_set_issuer_name(one, X509_get_subject_name(issuer));
    extend(NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!wish.authority) extend(NID_subject_alt_name, wish.name);
    if (X509_sign(one, by == nullptr ? key_.get() : by->key_.get(), EVP_sha256()) == 0)
      throw std::runtime_error("cannot sign a certificate");
  }

  std::string pem() const {
    return text([&](BIO* out) { PEM_write_bio_X509(out, certificate_.get()); });
  }
  std::string key_pem() const {
    return text(
        [&](BIO* out) { PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }

 private:
  static long& serial() {
    static long number = 0;
    return number;
  }
  void extend(int what, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static std::string text(Write write) {
    BIO* const out = BIO_new(BIO_s_mem());
    write(out);
    char* begin = nullptr;
    const long size = BIO_get_mem_data(out, &begin);
    std::string result(begin, static_cast<size_t>(size));
    BIO_free(out);
    return result;
  }

  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
  std::unique_ptr<X509, void (*)(X509*)> certificate_;
};

}  // namespace muster::test
