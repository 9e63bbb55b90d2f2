# cmake --install: programs, libraries, headers, find_package(muster) and pkg-config files.
# Every room is one component with an export file of its own, so that a program that asks for rooms without
# tensors never looks for LibTorch.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/muster)

# A build of a part (scripts/run builds the programs only) lacks libraries: what is missing is built before anything is
# installed. A whole build stays as it is.
get_property(rooms GLOBAL PROPERTY MUSTER_ROOMS)
list(TRANSFORM rooms PREPEND muster_ OUTPUT_VARIABLE installed_targets)
list(APPEND installed_targets muster)
if(MUSTER_ENGINE)
  list(APPEND installed_targets muster-engine muster-tokenizer)
endif()
if(MUSTER_HAVE_GLOO)
  list(APPEND installed_targets muster_gloo_links)
endif()
add_custom_target(installed DEPENDS ${installed_targets})
list(TRANSFORM installed_targets REPLACE "^(.+)$" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE installed_files)
install(CODE "
foreach(file ${installed_files})
  if(NOT EXISTS \"\${file}\")
    message(STATUS \"Not built yet: \${file}; building what is missing\")
    execute_process(COMMAND \"${CMAKE_COMMAND}\" --build \"${CMAKE_BINARY_DIR}\" --target installed RESULT_VARIABLE failed)
    if(failed)
      message(FATAL_ERROR \"What is to be installed could not be built: cmake --build ${CMAKE_BINARY_DIR} shows why\")
    endif()
    break()
  endif()
endforeach()")

# The programs lie beside each other: muster starts muster-engine from its own folder.
install(TARGETS muster RUNTIME)
if(MUSTER_ENGINE)
  install(TARGETS muster-engine muster-tokenizer RUNTIME)
  if(MUSTER_UNUSED_LIBRARIES)
    list(TRANSFORM MUSTER_UNUSED_LIBRARIES PREPEND ${MUSTER_UNUSED_FOLDER}/ OUTPUT_VARIABLE empty_libraries)
    install(FILES ${empty_libraries} DESTINATION ${MUSTER_UNUSED_PLACE})
  endif()
endif()

# Opened when a group of several hosts is formed; found from the programs' folder, and through the run path that
# find_package(muster) and pkg-config give to programs of one's own.
if(MUSTER_HAVE_GLOO)
  install(TARGETS muster_gloo_links LIBRARY DESTINATION ${MUSTER_PLUGIN_FOLDER})
endif()

# As `muster completion` wrote them (cli/CMakeLists.txt).
set(MUSTER_SHARE ${CMAKE_BINARY_DIR}/share)
install(FILES ${MUSTER_SHARE}/muster.man DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 RENAME muster.1)
install(FILES ${MUSTER_SHARE}/muster.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME muster)
install(FILES ${MUSTER_SHARE}/muster.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _muster)
install(FILES ${MUSTER_SHARE}/muster.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
# Programs of one's own to begin with, and configurations.
install(DIRECTORY examples configs DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN "CMakeLists.txt" EXCLUDE)
install(DIRECTORY examples/cmake_consumer DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

install(FILES muster/muster.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/muster)
get_property(rooms GLOBAL PROPERTY MUSTER_ROOMS)
set(MUSTER_ROOM_TABLE "")
set(plain_libraries "")
set(torch_libraries "")
foreach(room IN LISTS rooms)
  get_property(depends GLOBAL PROPERTY MUSTER_ROOM_${room}_DEPENDS)
  get_property(torch GLOBAL PROPERTY MUSTER_ROOM_${room}_TORCH)
  install(TARGETS muster_${room} EXPORT muster-${room} ARCHIVE)
  install(EXPORT muster-${room} NAMESPACE muster:: DESTINATION ${package_folder} FILE muster-${room}-targets.cmake)
  install(DIRECTORY muster/${room}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/muster/${room}
          FILES_MATCHING PATTERN "*.h" PATTERN "*_module.h" EXCLUDE PATTERN "log.h" EXCLUDE)  # log.h needs fmt
  string(APPEND MUSTER_ROOM_TABLE "set(_muster_${room}_needs ${depends})\n"
         "set(_muster_${room}_torch ${torch})\n")
  # The linker reads archives from left to right: what is built on others comes before them.
  if(torch)
    string(PREPEND torch_libraries "-lmuster_${room} ")
  else()
    string(PREPEND plain_libraries "-lmuster_${room} ")
  endif()
endforeach()

configure_package_config_file(cmake/muster-config.cmake.in muster-config.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(muster-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/muster-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/muster-config-version.cmake
        DESTINATION ${package_folder})

# muster-schedule.pc: the rooms without tensors; muster.pc: all of them.
set(pc_files muster-schedule.pc)
if(MUSTER_ENGINE)
  list(TRANSFORM TORCH_INCLUDE_DIRS PREPEND "-I" OUTPUT_VARIABLE torch_cflags)
  list(REMOVE_ITEM torch_cflags -I/usr/include)
  list(JOIN torch_cflags " " torch_cflags)
  string(APPEND torch_cflags " ${TORCH_CXX_FLAGS}")
  get_filename_component(torch_folder ${TORCH_LIBRARY} DIRECTORY)
  list(APPEND pc_files muster.pc)
endif()
file(RELATIVE_PATH pc_up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(file IN LISTS pc_files)
  configure_file(cmake/${file}.in ${file} @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${file} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
