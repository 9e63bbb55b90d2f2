// TLS that cannot come about is named, and ends at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/stopwatch.h"
#include "muster/serve/ask_status.h"
#include "muster/serve/credentials.h"
#include "muster/serve/tls_probe.h"
#include "tests/support/certificates.h"
#include "tests/unit/serve_network/network_fixture.h"

namespace muster {
namespace {

using test::Certificate;
using test::Network;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

template <class Body>
std::string error_of(Body body) {
  try {
    body();
  } catch (const LostPeer& error) {
    return std::string("lost: ") + error.what();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

class Tls : public ::testing::Test {
 protected:
  static Credentials credentials(const Certificate& own, const Certificate& others) {
    return {.certificate = own.pem(), .key = own.key_pem(), .authority = others.pem(), .token = ""};
  }
  std::string join_error(Network& network, const Credentials& with) {
    return error_of(
        [&] { network.client(with, 5)->join("x", Network::identity(), std::nullopt, std::nullopt); });
  }

  const Certificate ours_{{.authority = true}}, theirs_{{.authority = true}};
  const Certificate server_{{}, &ours_}, worker_{{}, &ours_};
};

TEST_F(Tls, OfOneAuthorityIsNoProblem) {
  Network network(8, {.credentials = credentials(server_, ours_)});
  network.expect_goes_on(credentials(worker_, ours_));
  EXPECT_FALSE(tls_problem(network.address(), credentials(worker_, ours_), 5));
}

TEST_F(Tls, AWrongAuthorityIsNamed) {
  Network network(8, {.credentials = credentials(server_, ours_)});
  EXPECT_THAT(join_error(network, credentials(worker_, theirs_)),
              AllOf(HasSubstr("not signed by serve.authority"), HasSubstr(network.address()),
                    Not(HasSubstr("lost: "))));
  EXPECT_THAT(error_of([&] { ask_status(network.address(), credentials(worker_, theirs_), 5); }),
              HasSubstr("not signed by serve.authority"));
}

TEST_F(Tls, AWrongNameIsNamed) {
  const Certificate elsewhere({.name = "DNS:training.example.org,IP:10.1.2.3"}, &ours_);
  Network network(8, {.credentials = credentials(elsewhere, ours_)});
  EXPECT_THAT(
      join_error(network, credentials(worker_, ours_)),
      AllOf(HasSubstr("is for training.example.org, 10.1.2.3, not for 127.0.0.1"), Not(HasSubstr("lost: "))));
}

TEST_F(Tls, AnExpiredServerIsNamed) {
  const Certificate old({.from = -7200, .until = -3600}, &ours_),
      young({.from = 3600, .until = 7200}, &ours_);
  Network network(8, {.credentials = credentials(old, ours_)});
  EXPECT_THAT(join_error(network, credentials(worker_, ours_)),
              AllOf(HasSubstr("its certificate expired on"), Not(HasSubstr("lost: "))));
  Network early(8, {.credentials = credentials(young, ours_)});
  EXPECT_THAT(join_error(early, credentials(worker_, ours_)), HasSubstr("does not hold before"));
}

TEST_F(Tls, AWorkerThatTheServerDoesNotKnowIsTold) {
  const Certificate stranger({}, &theirs_), old({.from = -7200, .until = -3600}, &ours_);
  Network network(8, {.credentials = credentials(server_, ours_)});
  EXPECT_THAT(join_error(network, credentials(stranger, ours_)),
              AllOf(HasSubstr("serve.certificate"), Not(HasSubstr("lost: "))));
  EXPECT_THAT(join_error(network, credentials(old, ours_)),
              AllOf(HasSubstr("serve.certificate"), Not(HasSubstr("lost: "))));
  network.expect_goes_on(credentials(worker_, ours_));
}

TEST_F(Tls, PlainTextOnOneSideIsNamed) {
  Network plain, secret(8, {.credentials = credentials(server_, ours_)});
  EXPECT_THAT(join_error(plain, credentials(worker_, ours_)),
              AllOf(HasSubstr("plain text"), Not(HasSubstr("lost: "))));
  EXPECT_THAT(join_error(secret, {}), AllOf(HasSubstr("uses TLS"), Not(HasSubstr("lost: "))));
}

TEST_F(Tls, AServerThatIsNotThereMayCome) {
  Network network(8, {.credentials = credentials(server_, ours_)});
  const std::string address = network.address();
  network.stop();
  EXPECT_THAT(error_of([&] { ask_status(address, credentials(worker_, ours_), 1); }), HasSubstr("lost: "));
  EXPECT_THAT(error_of([&] { ask_status(address, {}, 1); }), HasSubstr("lost: "));
}

class TlsFiles : public Tls {
 protected:
  std::string file(const std::string& name, const std::string& content, mode_t mode = 0600) {
    write_file_atomically(folder_ / name, content);
    ::chmod((folder_ / name).c_str(), mode);
    return folder_ / name;
  }
  std::string problem(const CredentialOptions& options) {
    return error_of([&] { server_credentials(options, "localhost:0"); });
  }
  const test::TemporaryFolder folder_;
};

TEST_F(TlsFiles, AreExaminedBeforeAServerStarts) {
  const Certificate old({.from = -7200, .until = -3600}, &ours_);
  const std::string good = file("good.crt", server_.pem(), 0644), key = file("good.key", server_.key_pem());
  EXPECT_EQ(problem({.certificate = good, .key = key, .authority = file("ca.crt", ours_.pem())}), "no error");
  EXPECT_THAT(problem({.certificate = file("old.crt", old.pem()), .key = file("old.key", old.key_pem())}),
              AllOf(HasSubstr("old.crt"), HasSubstr("expired on")));
  EXPECT_THAT(problem({.certificate = good, .key = file("other.key", worker_.key_pem())}),
              AllOf(HasSubstr("other.key"), HasSubstr("does not belong to")));
  EXPECT_THAT(problem({.certificate = good, .key = good}), HasSubstr("no private key"));
  for (const mode_t mode : {0666, 0644, 0602})
    EXPECT_THAT(problem({.certificate = good, .key = file("open.key", server_.key_pem(), mode)}),
                AllOf(HasSubstr("serve.key"), HasSubstr("chmod 600")));
  EXPECT_EQ(problem({.certificate = good, .key = file("group.key", server_.key_pem(), 0640)}), "no error");
  const Certificate old_authority({.from = -7200, .until = -3600, .authority = true});
  EXPECT_THAT(
      problem({.certificate = good, .key = key, .authority = file("old-ca.crt", old_authority.pem())}),
      AllOf(HasSubstr("old-ca.crt"), HasSubstr("expired on")));
  EXPECT_THAT(problem({.certificate = file("half.crt", server_.pem().substr(0, 200)), .key = key}),
              HasSubstr("no certificate"));
}

TEST_F(TlsFiles, ATokenThatIsOpenToAllIsTold) {
  const CredentialOptions open{.token_file = file("token", "0123456789abcdef", 0644)};
  ASSERT_EQ(server_credentials(open, "localhost:0").warnings.size(), 1U);
  EXPECT_THAT(server_credentials(open, "localhost:0").warnings[0], HasSubstr("chmod 600"));
  const CredentialOptions closed{.token_file = file("closed", "0123456789abcdef", 0600)};
  EXPECT_TRUE(server_credentials(closed, "localhost:0").warnings.empty());
}

}  // namespace
}  // namespace muster
