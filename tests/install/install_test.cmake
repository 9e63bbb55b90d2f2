# cmake -DBUILD=... -DSOURCE=... -DCOMPILER=... -DGENERATOR=... -DENGINE=0|1 -DGLOO=0|1
#       -DSANITIZE=... -P install_test.cmake
set(work ${BUILD}/install_test)
set(prefix ${work}/prefix)
file(REMOVE_RECURSE ${work})
file(MAKE_DIRECTORY ${work})
set(sanitize "")
if(SANITIZE)
  set(sanitize -fsanitize=${SANITIZE})
endif()

# run(WHAT COMMAND...): the command's output in `output`; anything but success ends the test.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${what} failed (${result}):\n${text}")
  endif()
  set(output "${text}" PARENT_SCOPE)
endfunction()

function(expect what pattern)
  if(NOT output MATCHES "${pattern}")
    message(FATAL_ERROR "${what}: expected to see '${pattern}' in\n${output}")
  endif()
endfunction()

# build_consumer(FOLDER NAME): configured against the installed copy alone, and built.
function(build_consumer folder name)
  run("configuring ${name}" ${CMAKE_COMMAND} -S ${folder} -B ${work}/${name} -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix}
      -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${sanitize} --no-warn-unused-cli)
  run("building ${name}" ${CMAKE_COMMAND} --build ${work}/${name})
endfunction()

# compile_by_pkg_config(PACKAGE SOURCE NAME): one call of the compiler with the flags of the .pc file.
find_program(pkg_config NAMES pkg-config REQUIRED)
function(compile_by_pkg_config package source name)
  file(GLOB_RECURSE pc_file ${prefix}/*/${package}.pc)
  get_filename_component(pc_folder ${pc_file} DIRECTORY)
  set(ENV{PKG_CONFIG_PATH} ${pc_folder})
  run("pkg-config ${package}" ${pkg_config} --cflags --libs ${package})
  separate_arguments(flags UNIX_COMMAND "${output}")
  run("compiling ${name}" ${COMPILER} ${sanitize} ${source} -o ${work}/${name} ${flags})
endfunction()

run("installing" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

# 12,539 rounds: the paper's own count for this recipe.
set(meetings "12539 rounds in 62400 steps: the workers meet in 20.1 %")
build_consumer(${SOURCE}/examples/cmake_consumer meetings)
run("the consumer" ${work}/meetings/meetings)
expect("the consumer" "${meetings}")
file(STRINGS ${work}/meetings/CMakeCache.txt torch REGEX "[Tt]orch")
if(torch)
  message(FATAL_ERROR "component schedule looked for LibTorch: ${torch}")
endif()

compile_by_pkg_config(muster-schedule ${SOURCE}/examples/cmake_consumer/main.cpp meetings_pc)
run("the consumer by pkg-config" ${work}/meetings_pc)
expect("the consumer by pkg-config" "${meetings}")

# What a user copies from the installed examples builds against the installed headers.
file(GLOB_RECURSE own_schedule ${prefix}/share/*/own_schedule.cpp)
compile_by_pkg_config(muster-schedule "${own_schedule}" own_schedule_pc)
run("the installed example" ${work}/own_schedule_pc)
expect("the installed example" "the workers meet in")
foreach(file share/man/man1/muster.1 share/bash-completion/completions/muster share/zsh/site-functions/_muster
        share/fish/vendor_completions.d/muster.fish)
  file(READ ${prefix}/${file} output)
  expect("${file}" "schedule.base_period")
endforeach()

file(MAKE_DIRECTORY ${work}/wrong_component)
file(WRITE ${work}/wrong_component/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(wrong CXX)\n"
     "find_package(muster CONFIG REQUIRED COMPONENTS shedule)\n")
execute_process(COMMAND ${CMAKE_COMMAND} -S ${work}/wrong_component -B ${work}/wrong -G ${GENERATOR}
                        -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${COMPILER}
                RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(REGEX REPLACE "[ \n]+" " " output "${output}")
expect("a wrong component" "there is no component 'shedule' of muster; there are base, choice, schedule")

if(GLOO)
  build_consumer(${CMAKE_CURRENT_LIST_DIR}/links_consumer links)
  run("the consumer with links" ${work}/links/links)
  expect("the consumer with links" "message 7")
  compile_by_pkg_config(muster-schedule ${CMAKE_CURRENT_LIST_DIR}/links_consumer/main.cpp links_pc)
  run("the consumer with links by pkg-config" ${work}/links_pc)
  expect("the consumer with links by pkg-config" "message 7")
endif()

run("the installed program" ${prefix}/bin/muster version)
expect("the installed program" "0\\.1\\.0")

build_consumer(${CMAKE_CURRENT_LIST_DIR}/core_consumer core)
run("the consumer of the core" ${work}/core/core)
expect("the consumer of the core" "mean 2 and 2")
file(STRINGS ${work}/core/CMakeCache.txt torch REGEX "[Tt]orch")
if(torch)
  message(FATAL_ERROR "component local_updates looked for LibTorch: ${torch}")
endif()

if(ENGINE)
  build_consumer(${CMAKE_CURRENT_LIST_DIR}/tensor_consumer tensors)
  run("the consumer with tensors" ${work}/tensors/tensors)
  expect("the consumer with tensors" "mean 2")
  compile_by_pkg_config(muster ${CMAKE_CURRENT_LIST_DIR}/tensor_consumer/main.cpp tensors_pc)
  run("the consumer with tensors by pkg-config" ${work}/tensors_pc)
  expect("the consumer with tensors by pkg-config" "mean 2")
endif()
