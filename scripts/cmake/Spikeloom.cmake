# Helpers that every folder's CMakeLists.txt uses, and the one place for compiler flags.

add_library(spikeloom_flags INTERFACE)
target_compile_options(spikeloom_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
target_include_directories(spikeloom_flags INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/host/api/include ${PROJECT_BINARY_DIR}/generated)

# Messages, checks and debug information name files by their place in the project, not on this machine.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -ffile-prefix-map=${PROJECT_BINARY_DIR}=build)

# Debug information for stack traces and line numbers only: -g1 takes a third less time to compile than -g.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

# The files of a folder are compiled several at once: most of a file's time goes into the standard library's
# templates, which are then compiled once for all of them. OFF compiles every file by itself, which is what
# an editor wants; the preset `dev` does so.
option(SPIKELOOM_UNITY "Compile several files of a folder at once" ON)
set(CMAKE_UNITY_BUILD ${SPIKELOOM_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 10)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# spikeloom_library(NAME SOURCES a.cpp ... [LINK other ...] [PRIVATE_LINK Third::Party ...])
# makes the static library spikeloom_NAME; LINK names other Spikeloom libraries without the prefix.
function(spikeloom_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(spikeloom_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(spikeloom_${name} PRIVATE spikeloom_flags ${ARG_PRIVATE_LINK})
  set_target_properties(spikeloom_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  set_property(GLOBAL APPEND PROPERTY SPIKELOOM_LIBRARIES spikeloom_${name})
  target_include_directories(spikeloom_${name} PUBLIC
    ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/host/api/include ${PROJECT_BINARY_DIR}/generated)
  foreach(other IN LISTS ARG_LINK)
    target_link_libraries(spikeloom_${name} PUBLIC spikeloom_${other})
  endforeach()
endfunction()

# spikeloom_test(NAME SOURCES a_test.cpp ... LINK lib ... [LABELS label ...] [TIMEOUT seconds])
# One executable NAME; every TEST in it is a ctest test of its own.
find_package(GTest QUIET)
function(spikeloom_test name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;PRIVATE_LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE spikeloom_flags GTest::gtest GTest::gmock GTest::gtest_main
    ${ARG_PRIVATE_LINK})
  foreach(other IN LISTS ARG_LINK)
    target_link_libraries(${name} PRIVATE spikeloom_${other})
  endforeach()
  target_compile_definitions(${name} PRIVATE
    SPIKELOOM_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SPIKELOOM_BINARY_DIR="${PROJECT_BINARY_DIR}")
  include(GoogleTest)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
