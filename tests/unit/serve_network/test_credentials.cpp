#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/serve/credentials.h"
#include "tests/support/certificates.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

template <class Body>
std::string error_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

class DoorFiles : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& content) {
    write_file_atomically(folder_ / name, content);
    ::chmod((folder_ / name).c_str(), 0600);
    return folder_ / name;
  }
  const test::TemporaryFolder folder_;
  const test::Certificate certificate_{{.authority = true}};
  const std::string pem_ = file("pem", certificate_.pem() + certificate_.key_pem());
  const std::string token_ = file("token", "0123456789abcdef\n");
};

TEST(Loopback, IsToldFromAddresses) {
  for (const char* near : {"127.0.0.1:1", "127.8.9.1:70", "localhost:7077", "[::1]:7077"})
    EXPECT_TRUE(is_loopback(near)) << near;
  for (const char* far : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "host:80", "127.evil.org:80"})
    EXPECT_FALSE(is_loopback(far)) << far;
  for (const char* none : {"", "host", ":80", "host:", "host:x", "host:70000", "::1:80", "1.2.3.4:80 "})
    EXPECT_THROW(is_loopback(none), OptionError) << none;
}

TEST_F(DoorFiles, PlainTextStaysOnThisMachine) {
  EXPECT_EQ(server_credentials({}, "127.0.0.1:0").certificate, "");
  EXPECT_THAT(error_of([] { server_credentials({}, "0.0.0.0:7077"); }),
              HasSubstr("allow_plaintext_beyond_loopback"));
  EXPECT_THAT(error_of([] { client_credentials({}, "host:7077"); }),
              HasSubstr("allow_plaintext_beyond_loopback"));
  const CredentialOptions allowed{.allow_plaintext_beyond_loopback = true};
  EXPECT_EQ(
      error_of([&] { server_credentials(allowed, "0.0.0.0:1"), client_credentials(allowed, "host:1"); }),
      "no error");
  const CredentialOptions token{.token_file = token_};
  EXPECT_THAT(error_of([&] { client_credentials(token, "host:7077"); }), HasSubstr("plain text"));
}

TEST_F(DoorFiles, BeyondThisMachineNotEverybodyIsLetIn) {
  CredentialOptions options{.certificate = pem_, .key = pem_};
  EXPECT_THAT(error_of([&] { server_credentials(options, "0.0.0.0:1"); }), HasSubstr("anybody"));
  options.token_file = token_;
  EXPECT_EQ(server_credentials(options, "0.0.0.0:1").token, "0123456789abcdef");
  options.token_file.reset();
  options.authority = pem_;
  EXPECT_NE(server_credentials(options, "0.0.0.0:1").authority, "");
}

TEST_F(DoorFiles, HalfAPairIsAnError) {
  EXPECT_THAT(error_of([&] { server_credentials({.certificate = pem_}, "localhost:1"); }),
              HasSubstr("serve.key"));
  EXPECT_THAT(error_of([&] { server_credentials({.key = pem_}, "localhost:1"); }),
              HasSubstr("serve.certificate"));
  EXPECT_THAT(error_of([&] { server_credentials({.authority = pem_}, "localhost:1"); }),
              HasSubstr("serve.certificate"));
  EXPECT_THAT(error_of([&] { client_credentials({.certificate = pem_, .key = pem_}, "localhost:1"); }),
              HasSubstr("serve.authority"));
}

TEST_F(DoorFiles, AreReadWithCare) {
  EXPECT_THAT(error_of([&] { server_credentials({.token_file = folder_ / "none"}, "localhost:1"); }),
              HasSubstr("none"));
  EXPECT_THAT(error_of([&] { server_credentials({.token_file = file("short", "abc")}, "localhost:1"); }),
              HasSubstr("shorter than 16"));
  EXPECT_THAT(error_of([&] {
                server_credentials({.token_file = file("two", "0123456789\n0123456789")}, "localhost:1");
              }),
              HasSubstr("one line"));
  EXPECT_THAT(error_of([&] { server_credentials({.certificate = token_, .key = pem_}, "localhost:1"); }),
              HasSubstr("PEM"));
}

}  // namespace
}  // namespace muster
