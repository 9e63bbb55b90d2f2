#include "muster/serve/certificates.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "muster/base/error.h"
#include "muster/serve/openssl_objects.h"

namespace muster::inline serve {

namespace {

// Otherwise OpenSSL asks for a password on the terminal.
int no_password(char*, int, int, void*) { return -1; }

/// Why a certificate is not valid now, or "".
std::string out_of_time(const X509& certificate) {
  const ASN1_TIME* const begins = X509_get0_notBefore(&certificate);
  const ASN1_TIME* const ends = X509_get0_notAfter(&certificate);
  if (X509_cmp_current_time(ends) < 0) return "expired on " + date_text(ends);
  if (X509_cmp_current_time(begins) > 0) return "does not hold before " + date_text(begins);
  return "";
}

}  // namespace

std::vector<Owned<X509>> certificates_in(const std::string& pem) {
  std::vector<Owned<X509>> all;
  const Owned<BIO> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (Owned<X509> one{PEM_read_bio_X509(text.get(), nullptr, no_password, nullptr)})
    all.push_back(std::move(one));
  ERR_clear_error();  // the end of the text is an error to OpenSSL
  return all;
}

Owned<EVP_PKEY> private_key_in(const std::string& pem) {
  const Owned<BIO> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return key;
}

std::string date_text(const ASN1_TIME* time) {
  const Owned<BIO> text(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(text.get(), time);
  char* begin = nullptr;
  const long size = BIO_get_mem_data(text.get(), &begin);
  return {begin, static_cast<size_t>(size)};
}

void require_usable_pair(const std::string& certificate_path, const std::string& certificate,
                         const std::string& key_path, const std::string& key) {
  const auto chain = certificates_in(certificate);
  if (chain.empty())
    throw FileError(fmt::format("'{}' holds no certificate that is understood", certificate_path));
  const auto own = private_key_in(key);
  if (!own)
    throw FileError(
        fmt::format("'{}' holds no private key that is understood; one with a password is not", key_path));
  const bool fits = X509_check_private_key(chain.front().get(), own.get()) == 1;
  ERR_clear_error();
  if (!fits)
    throw FileError(
        fmt::format("the key '{}' does not belong to the certificate '{}'; give the pair that was "
                    "made together",
                    key_path, certificate_path));
  for (const auto& one : chain)
    if (const std::string why = out_of_time(*one); !why.empty())
      throw FileError(fmt::format("the certificate '{}' {}; make a new one, or set this machine's clock",
                                  certificate_path, why));
}

void require_usable_authority(const std::string& path, const std::string& certificates) {
  const auto all = certificates_in(certificates);
  if (all.empty()) throw FileError(fmt::format("'{}' holds no certificate that is understood", path));
  std::string why;
  for (const auto& one : all) {
    why = out_of_time(*one);
    if (why.empty()) return;
  }
  throw FileError(
      fmt::format("the certificate '{}' {}; make a new one, or set this machine's clock", path, why));
}

}  // namespace muster::inline serve
