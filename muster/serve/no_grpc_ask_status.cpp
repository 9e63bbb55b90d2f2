#include "muster/base/error.h"
#include "muster/serve/ask_status.h"

namespace muster::inline serve {

namespace {

constexpr const char* without_grpc =
    "this muster was built without gRPC: install libgrpc++-dev and protobuf-compiler-grpc, and build again";

}  // namespace

ServerStatus ask_status(const std::string&, const Credentials&, double) { throw Error(without_grpc); }

std::string ask_configuration(const std::string&, const Credentials&, double) { throw Error(without_grpc); }

}  // namespace muster::inline serve
