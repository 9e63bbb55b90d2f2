# Debian's libtorch_cpu names OpenCV, FFmpeg, ZeroMQ and others as needed and uses none of their symbols. With all
# that they need in turn they are two thirds of the libraries that a program loads, and 40 % of the processor time in
# which it starts. Empty libraries of the same names, in a folder that our programs search first, take their places.
# Whether a program loads with them is tried here: libtorch_cpu resolves all its symbols when it is loaded. Where it
# does not, they are not used.
include(GNUInstallDirs)
set(MUSTER_UNUSED_PLACE ${CMAKE_INSTALL_LIBDIR}/muster/unused)  # where built, and where installed
set(MUSTER_UNUSED_FOLDER ${CMAKE_BINARY_DIR}/${MUSTER_UNUSED_PLACE})

# What of libtorch_cpu's needs is never used, by name: libopencv_core.so.406, ...
function(muster_unused_names torch_cpu names)
  execute_process(COMMAND ${CMAKE_READELF} -d ${torch_cpu} OUTPUT_VARIABLE needed ERROR_QUIET)
  string(REGEX MATCHALL "lib(opencv_|av|sw|zmq|lmdb|leveldb)[a-z0-9_]*\\.so[.0-9a-z]*" found "${needed}")
  set(${names} ${found} PARENT_SCOPE)
endfunction()

# True where a program that needs libtorch_cpu starts beside the empty libraries, and nothing is said of them.
function(muster_starts_without torch_cpu starts)
  set(source ${MUSTER_UNUSED_FOLDER}/start.cpp)
  file(WRITE ${source} "int main() { return 0; }\n")
  try_run(code built ${MUSTER_UNUSED_FOLDER} ${source}
          LINK_OPTIONS -Wl,--no-as-needed -Wl,--disable-new-dtags -Wl,-rpath,${MUSTER_UNUSED_FOLDER}
          LINK_LIBRARIES ${torch_cpu} RUN_OUTPUT_VARIABLE said)
  set(${starts} OFF PARENT_SCOPE)
  if(built AND code STREQUAL "0" AND said STREQUAL "")
    set(${starts} ON PARENT_SCOPE)
  endif()
endfunction()

function(muster_find_unused_libraries)
  find_library(MUSTER_TORCH_CPU torch_cpu HINTS ${TORCH_INSTALL_PREFIX}/lib)
  if(NOT MUSTER_TORCH_CPU OR NOT CMAKE_READELF OR NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
    return()
  endif()
  muster_unused_names(${MUSTER_TORCH_CPU} names)
  foreach(name IN LISTS names)
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -shared -nostdlib -x c++ /dev/null -Wl,-soname,${name}
                            -o ${MUSTER_UNUSED_FOLDER}/${name} RESULT_VARIABLE code OUTPUT_QUIET ERROR_QUIET)
    if(code)
      return()
    endif()
  endforeach()
  muster_starts_without(${MUSTER_TORCH_CPU} starts)
  if(names AND starts)
    set(MUSTER_UNUSED_LIBRARIES "${names}" CACHE INTERNAL "Empty in ${MUSTER_UNUSED_FOLDER}")
  endif()
endfunction()

if(MUSTER_ENGINE AND NOT DEFINED MUSTER_UNUSED_LIBRARIES)
  file(MAKE_DIRECTORY ${MUSTER_UNUSED_FOLDER})
  set(MUSTER_UNUSED_LIBRARIES "" CACHE INTERNAL "Empty libraries in the place of unused ones")
  muster_find_unused_libraries()
endif()
if(MUSTER_UNUSED_LIBRARIES)
  set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
  set(CMAKE_INSTALL_RPATH $ORIGIN/../${MUSTER_UNUSED_PLACE})
  add_link_options(LINKER:--disable-new-dtags)  # DT_RPATH holds for what the libraries need, too
endif()
