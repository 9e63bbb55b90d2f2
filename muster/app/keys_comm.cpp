#include "muster/app/keys.h"

namespace muster {

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

std::vector<Key> codec_keys() {
  return {
      comm("codec", &CommSection::codec)
          .says(
              "How outer gradients are sent (gradients, where the rule averages these): as they are, in half "
              "precision, as QSGD of 8, 4 or 2 bits, as int8 with a scale for each block, or the largest "
              "few.")
          .one_of({"fp32", "fp16", "bf16", "qsgd8", "qsgd4", "qsgd2", "int8", "top_k"}),
      comm("error_feedback", &CommSection::error_feedback)
          .says("Add what an encoding lost to the next one.")
          .absent("true for int8 and top_k, else false"),
      comm("bucket", &CommSection::bucket)
          .says("Values that share a scale: a multiple of 64.")
          .in("values")
          .absent("512, for qsgd2 128, for int8 256")
          .at_least(64)
          .at_most(1 << 24),
      comm("scale", &CommSection::scale)
          .says("What the values of a QSGD bucket are measured by.")
          .one_of({"max", "two_norm"}),
      comm("rounding", &CommSection::rounding)
          .says("How QSGD rounds: at random, which is unbiased, or to the nearest level, for error feedback.")
          .one_of({"stochastic", "nearest"}),
      comm("top_fraction", &CommSection::top_fraction)
          .says("Share of the values that top_k sends.")
          .above(0)
          .at_most(1),
  };
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

std::vector<Key> overlap_keys() {
  return {
      comm("overlap", &CommSection::overlap)
          .says("Whether the workers continue while the mean of a meeting is sent; its outcome is then "
                "applied later.")
          .one_of({"none", "delayed"}),
      comm("delay", &CommSection::delay)
          .says("Steps after which a delayed outcome is applied, but no later than the next meeting begins. "
                "The step does not depend on the network: an outcome that has not arrived is waited for.")
          .in("steps")
          .absent("when the next meeting begins")
          .at_least(0),
      comm("merge", &CommSection::merge)
          .says("What happens to the steps that a worker made before the outcome was applied: the worker is "
                "blended with the outcome, or they are all added to it.")
          .one_of({"blend", "corrected"}),
      comm("blend", &CommSection::blend)
          .says("The worker's own share where comm.merge = blend.")
          .absent("0.5")
          .at_least(0)
          .at_most(1),
      comm("fragments", &CommSection::fragments)
          .says("Pieces of whole tensors that meet one after the other, each once in a round, which spreads "
                "the network's load over the round.")
          .at_least(1),
  };
}

}  // namespace muster
