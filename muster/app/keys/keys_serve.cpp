#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"

namespace muster::inline app {

namespace {

template <class T>
Key serve(const char* name, T ServeSection::*member) {
  return make_key(std::string("serve.") + name, &Configuration::serve, member);
}

std::vector<Key> patience_keys() {
  return {
      serve("patience", &ServeSection::patience)
          .says("A call that makes no progress for this long is given up, on either side.")
          .in("seconds")
          .at_least(0.1)
          .at_most(3600),
      serve("beat", &ServeSection::beat)
          .says("How often a worker gives a sign of life.")
          .in("seconds")
          .at_least(0.01)
          .at_most(3600),
      serve("lease", &ServeSection::lease)
          .says("A worker without a sign of life for this long counts as gone, and its round is given up.")
          .in("seconds")
          .at_least(0.1)
          .at_most(86400),
      serve("give_up_after", &ServeSection::give_up_after)
          .says("A worker that has not reached its server for this long ends.")
          .in("seconds")
          .at_least(0)
          .at_most(1e7),
      serve("linger", &ServeSection::linger)
          .says("How long a finished server stays, so that its workers hear that the run has ended.")
          .in("seconds")
          .at_least(0)
          .at_most(86400),
  };
}

Key pull_codec_key(const Family<NamedCodec>& codecs) {
  Field field = text_field("pull_codec")
                    .says(
                        "Encoding of the parameters that are sent to workers; contributions are encoded by "
                        "comm.codec.")
                    .one_of(codecs.words_where([](const NamedCodec& codec) { return codec.for_parameters; }))
                    .otherwise(codecs.text().usual);
  return choice_key({.section = "serve", .key = "pull_codec", .usual = codecs.text().usual, .meaning = {}},
                    std::move(field), &Configuration::serve, &ServeSection::pull_codec);
}

}  // namespace

std::vector<Key> serve_credential_keys() {
  return {
      serve("address", &ServeSection::address)
          .says(
              "Where the server listens, HOST:PORT; [::]:7077 or 0.0.0.0:7077 on all of its addresses. Port "
              "0: any free one, which it prints."),
      serve("certificate", &ServeSection::certificate)
          .says("PEM file with this side's TLS certificate. examples/tls/make_certificates.sh makes a set.")
          .absent("plain text, on the loopback interface only"),
      serve("key", &ServeSection::key).says("PEM file with the certificate's private key.").absent("none"),
      serve("authority", &ServeSection::authority)
          .says("PEM file with the certificate that must have signed the other side's. A server that has it "
                "requires certificates from its workers.")
          .absent("server: anybody who knows the token; worker: plain text, on the loopback interface only"),
      serve("token_file", &ServeSection::token_file)
          .says("File with a secret of 16 characters or more that every worker must know.")
          .absent("none is asked for"),
      serve("allow_plaintext_beyond_loopback", &ServeSection::allow_plaintext_beyond_loopback)
          .says("Accept unencrypted connections from other machines, which anybody on the network can read, "
                "change and join."),
  };
}

std::vector<Key> serve_keys(const Kinds& kinds) {
  std::vector<Key> keys = {
      serve("start_with", &ServeSection::start_with)
          .says("Number of workers for which the server waits before the first round begins.")
          .in("workers")
          .at_least(1)
          .at_most(4096),
      serve("most_workers", &ServeSection::most_workers)
          .says("Largest number of workers at a time.")
          .in("workers")
          .at_least(1)
          .at_most(4096),
      serve("most_pushes", &ServeSection::most_pushes)
          .says("Contributions that the server holds in memory at a time; more have to wait. Those that it "
                "holds share a flush of the disk.")
          .absent("as many as are 256 MiB together; at least 4, at most serve.most_workers")
          .at_least(1)
          .at_most(4096),
      pull_codec_key(kinds.codecs),
      serve("part_kib", &ServeSection::part_kib)
          .says("Vectors are sent in parts of this length.")
          .in("KiB")
          .at_least(16)
          .at_most(8192),
      serve("snapshot_every", &ServeSection::snapshot_every)
          .says("The server writes its whole state after so many contributions, and begins a new log of "
                "events.")
          .in("contributions")
          .at_least(1)
          .at_most(1e9),
      serve("keep_events", &ServeSection::keep_events)
          .says("Keeps every snapshot and every event of the run, for muster serve --replay."),
  };
  for (Key& key : patience_keys()) keys.push_back(std::move(key));
  return keys;
}

}  // namespace muster::inline app
