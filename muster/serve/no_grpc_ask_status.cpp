#include "muster/base/error.h"
#include "muster/serve/ask_status.h"

namespace muster {

ServerStatus ask_status(const std::string&, const Doors&, double) {
  throw Error(
      "this muster was built without gRPC: install libgrpc++-dev and protobuf-compiler-grpc, and build anew");
}

}  // namespace muster
