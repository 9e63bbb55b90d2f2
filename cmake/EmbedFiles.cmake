# Run as a script (see Embed.cmake): writes OUTPUT, a C++ source that defines std::string_view constants of NAMESPACE
# for FILES, a list of name=path.
include(${CMAKE_CURRENT_LIST_DIR}/EmbedBytes.cmake)
set(source "// Made by cmake/EmbedFiles.cmake.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n\n")
foreach(entry IN LISTS FILES)
  embedded_bytes("${entry}")
  string(APPEND source "namespace {\nconst unsigned char ${name}_bytes[] = {\n${bytes}0};\n}\n"
         "const std::string_view ${name}(reinterpret_cast<const char*>(${name}_bytes), sizeof ${name}_bytes - 1);\n\n")
endforeach()
file(WRITE "${OUTPUT}" "${source}}  // namespace ${NAMESPACE}\n")
