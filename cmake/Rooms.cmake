# muster_flags(TARGET): warnings, sanitizers and language settings of our own code.
function(muster_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # false alarms of GCC 12 (its bug 105651)
                         $<$<BOOL:${MUSTER_WERROR}>:-Werror>)
  if(MUSTER_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${MUSTER_SANITIZE} -fno-omit-frame-pointer
                           -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${MUSTER_SANITIZE})
    target_compile_definitions(${target} PRIVATE MUSTER_SANITIZED)
  endif()
endfunction()

# muster_unity(TARGET): several of its sources are compiled at once where MUSTER_UNITY asks for it. Sources with options
# of their own (kernels) stay apart. Call it after muster_flags().
function(muster_unity target)
  if(MUSTER_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
    # A name of one source's unnamed namespace hides nothing in another one.
    target_compile_options(${target} PRIVATE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# muster_torch(TARGET): LibTorch's headers as system headers, its ABI flag and its libraries.
function(muster_torch target scope)
  target_include_directories(${target} SYSTEM ${scope} ${TORCH_INCLUDE_DIRS})
  separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
  target_compile_options(${target} ${scope} ${torch_flags})
  target_link_libraries(${target} ${scope} ${TORCH_LIBRARIES})
endfunction()

# muster_room(NAME [TORCH] [DEPENDS room...] [WITHOUT path...]): the library muster_NAME (muster::NAME) of the sources in
# muster/NAME and its folders but for the sources and folders named, installed as component NAME of the package.
# Sources named *_kernel.cpp hold arithmetic whose bits must not depend on the processor:
# they are compiled at -O3 without contraction of a*b+c.
function(muster_room name)
  cmake_parse_arguments(ROOM "TORCH" "" "DEPENDS;WITHOUT" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/muster/${name}/*.cpp)
  foreach(path ${ROOM_WITHOUT})
    list(FILTER sources EXCLUDE REGEX "/muster/${name}/${path}")
  endforeach()
  set(kernels ${sources})
  list(FILTER kernels INCLUDE REGEX "_kernel\\.cpp$")
  set_source_files_properties(${kernels} PROPERTIES COMPILE_OPTIONS "-O3;-ffp-contract=off;-fno-math-errno")
  add_library(muster_${name} STATIC ${sources})
  add_library(muster::${name} ALIAS muster_${name})
  set_target_properties(muster_${name} PROPERTIES LINKER_LANGUAGE CXX EXPORT_NAME ${name}
                        POSITION_INDEPENDENT_CODE ON)
  target_compile_features(muster_${name} PUBLIC cxx_std_20)
  target_include_directories(muster_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>
                             $<INSTALL_INTERFACE:include>)
  muster_flags(muster_${name})
  muster_unity(muster_${name})
  if(ROOM_TORCH)
    muster_torch(muster_${name} PUBLIC)
  endif()
  # Header-only libraries stay out of the installed package: no public header includes them.
  target_link_libraries(muster_${name} PRIVATE fmt::fmt $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>
                        PUBLIC Threads::Threads)
  foreach(dependency ${ROOM_DEPENDS})
    target_link_libraries(muster_${name} PUBLIC muster_${dependency})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY MUSTER_ROOMS ${name})
  set_property(GLOBAL PROPERTY MUSTER_ROOM_${name}_DEPENDS "${ROOM_DEPENDS}")
  set_property(GLOBAL PROPERTY MUSTER_ROOM_${name}_TORCH ${ROOM_TORCH})
endfunction()
