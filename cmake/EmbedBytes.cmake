# Of an entry name=path: `name` and the file's bytes as C++ writes them, in `bytes`.
macro(embedded_bytes entry)
  string(REGEX MATCH "^([^=]*)=(.*)$" _ "${entry}")
  set(name ${CMAKE_MATCH_1})
  file(READ "${CMAKE_MATCH_2}" hex HEX)
  string(REGEX REPLACE "(................................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
endmacro()
