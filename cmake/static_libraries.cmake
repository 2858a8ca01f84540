# How libraries get into the binary: docs/decisions/0004-few-shared-libraries.md.

# ringwire_archive(TARGET PREFIX MODULE): TARGET stands for the static library of the pkg-config module.
function(ringwire_archive target prefix module)
  pkg_check_modules(${prefix} REQUIRED ${module})
  find_library(${prefix}_ARCHIVE ${module}.a HINTS ${${prefix}_LIBRARY_DIRS} REQUIRED)
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${${prefix}_INCLUDE_DIRS})
  target_link_libraries(${target} INTERFACE ${${prefix}_ARCHIVE})
endfunction()

# Debian's abseil has static and shared libraries, and its CMake targets name the shared ones. They are sixty, and the loader would
# search, map and relocate each of them at every start.
function(ringwire_abseil_archives)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  list(FILTER targets INCLUDE REGEX "^absl::")
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(NOT type STREQUAL "SHARED_LIBRARY")
      continue()
    endif()
    get_target_property(configurations ${target} IMPORTED_CONFIGURATIONS)
    foreach(configuration IN LISTS configurations)
      get_target_property(shared ${target} IMPORTED_LOCATION_${configuration})
      string(REGEX REPLACE "\\.so[.0-9]*$" ".a" archive ${shared})
      if(NOT EXISTS ${archive})
        message(FATAL_ERROR "cannot link ${target} statically: there is no ${archive}; install abseil's static libraries")
      endif()
      set_target_properties(${target} PROPERTIES IMPORTED_LOCATION_${configuration} ${archive})
    endforeach()
  endforeach()
endfunction()

# fmt and spdlog: Debian has no static library of them, but their headers contain the sources. They are compiled once, here: header-only
# use makes a file that logs take half as long again to compile. An unknown version is used header-only. Builds with sanitizers use the
# packages' shared libraries, because nobody installs those builds.
function(ringwire_format_and_log)
  if(RINGWIRE_SANITIZE)
    add_library(ringwire_fmt INTERFACE)
    target_link_libraries(ringwire_fmt INTERFACE fmt::fmt)
    add_library(ringwire_spdlog INTERFACE)
    target_link_libraries(ringwire_spdlog INTERFACE spdlog::spdlog)
    return()
  endif()
  if(fmt_VERSION VERSION_GREATER_EQUAL 9 AND fmt_VERSION VERSION_LESS 10)
    add_library(ringwire_fmt STATIC third_party/fmt.cc)
    add_library(ringwire_spdlog STATIC third_party/spdlog.cc)
    target_compile_definitions(ringwire_spdlog PUBLIC SPDLOG_FMT_EXTERNAL SPDLOG_COMPILED_LIB)
    set(scope PUBLIC)
  else()
    add_library(ringwire_fmt INTERFACE)
    target_link_libraries(ringwire_fmt INTERFACE fmt::fmt-header-only)
    add_library(ringwire_spdlog INTERFACE)
    target_compile_definitions(ringwire_spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
    set(scope INTERFACE)
  endif()
  target_include_directories(ringwire_fmt SYSTEM ${scope} $<TARGET_PROPERTY:fmt::fmt,INTERFACE_INCLUDE_DIRECTORIES>)
  target_include_directories(ringwire_spdlog SYSTEM ${scope} $<TARGET_PROPERTY:spdlog::spdlog,INTERFACE_INCLUDE_DIRECTORIES>)
  target_link_libraries(ringwire_spdlog ${scope} ringwire_fmt Threads::Threads)
endfunction()

# The managers of intel-ipsec-mb have tables that name every cipher of the library, so the linker keeps all 12.7 MB. This defines the
# symbols of ciphers that ringwire never uses, so that the linker leaves their objects in the archive. A call of such a symbol ends the
# process.
function(ringwire_ipsec_mb_left_out target archive)
  set(objects
      # Managers for CPUs without AVX2: crypto/aead_ipsec_mb.cc asks the CPU first.
      "mb_mgr_sse[^:]*" "mb_mgr_avx" "mb_mgr_avx_t[0-9]+" "gcm[0-9]+_[^:]*by8_sse" "aes[0-9]+_gcm_by8_avx"
      # Ciphers of mobile networks, DES, and what cable modems and passive optical networks do.
      "[^:]*zuc[^:]*" "[^:]*snow3g[^:]*" "snow_v[^:]*" "kasumi[^:]*" "[^:]*des_[^:]*" "aes_docsis[^:]*" "[^:]*pon_[^:]*")
  list(JOIN objects "|" objects)
  execute_process(COMMAND ${CMAKE_NM} -A -g --defined-only ${archive} OUTPUT_VARIABLE symbols ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL ":(${objects})\\.o:[0-9a-f]+ T [A-Za-z0-9_]+" symbols "${symbols}")
  list(TRANSFORM symbols REPLACE "^.* T " "")
  list(REMOVE_DUPLICATES symbols)
  set(source "extern \"C\" void LeftOut() { __builtin_trap(); }\n")
  foreach(symbol IN LISTS symbols)
    string(APPEND source "extern \"C\" void ${symbol}() __attribute__((alias(\"LeftOut\")));\n")
  endforeach()
  file(CONFIGURE OUTPUT ${target}.cc CONTENT "${source}" @ONLY)
  add_library(${target} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${target}.cc)
  set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
endfunction()
