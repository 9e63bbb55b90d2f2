#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"

namespace muster::inline app {

namespace {

template <class T>
Key comm(const char* name, T CommSection::*member) {
  return make_key(std::string("comm.") + name, &Configuration::comm, member);
}

}  // namespace

std::vector<Key> comm_keys() {
  return {
      comm("links", &CommSection::links)
          .says("How the processes send to each other: auto is shared memory where all run on one host, else "
                "Gloo. Changes no bit of the result.")
          .one_of({"auto", "gloo", "shared_memory"}),
      comm("interface", &CommSection::interface)
          .says(
              "Network between the processes, for Gloo: an interface such as eth1, or an address or name of "
              "this host.")
          .absent("GLOO_SOCKET_IFNAME, else the network of this host's name"),
      comm("slice_mib", &CommSection::slice_mib)
          .says("Large vectors are sent in slices of this size. Changes no bit of the result.")
          .in("MiB")
          .at_least(1)
          .at_most(1024),
      comm("deadline", &CommSection::deadline)
          .says(
              "How long a meeting waits for a process of which nothing is heard. Under torchrun that is any "
              "that still computes; in elastic runs every process sends signs of life.")
          .in("seconds")
          .at_least(1)
          .at_most(1e6),
  };
}

std::vector<Key> codec_keys(const Kinds& kinds) {
  return keys_of_family(kinds.codecs, &Configuration::comm, &CommSection::codec, &CommSection::codec_values);
}

std::vector<Key> level_keys() {
  return {
      comm("group_size", &CommSection::group_size)
          .says(
              "Two levels: this many consecutive workers, those of one machine, also meet among themselves "
              "within a round. Must divide run.workers into whole processes, or processes into whole groups.")
          .in("workers")
          .at_least(1),
      comm("inner_period", &CommSection::inner_period)
          .says("How often the workers of a group meet: after every so many steps of a round their "
                "parameters become their mean; 1: gradients are averaged before every step.")
          .in("steps")
          .at_least(1),
  };
}

std::vector<Key> overlap_keys(const Kinds& kinds) {
  std::vector<Key> keys = {
      comm("overlap", &CommSection::overlap)
          .says("Whether the workers continue while the mean of a meeting is sent; its outcome is then "
                "applied later.")
          .one_of({"none", "delayed"}),
      comm("delay", &CommSection::delay)
          .says("Steps after which a delayed outcome is applied, but no later than the next meeting begins. "
                "The step does not depend on the network: an outcome that has not arrived is waited for.")
          .in("steps")
          .absent("when the next meeting begins")
          .at_least(0)};
  for (Key& key :
       keys_of_family(kinds.merges, &Configuration::comm, &CommSection::merge, &CommSection::merge_values))
    keys.push_back(std::move(key));
  keys.push_back(
      comm("fragments", &CommSection::fragments)
          .says("Pieces of whole tensors that meet one after the other, each once in a round, which "
                "spreads the network's load over the round.")
          .at_least(1));
  return keys;
}

}  // namespace muster::inline app
