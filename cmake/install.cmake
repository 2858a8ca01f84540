# Installs files where a distribution expects them; honours DESTDIR and `cmake --install --prefix` (tests/release/install.sh).
include(GNUInstallDirs)
set(RINGWIRE_UNITS_DIR lib/systemd/system CACHE STRING "Folder for systemd units, below the prefix")
set(RINGWIRE_SYSUSERS_DIR lib/sysusers.d CACHE STRING "Folder for systemd-sysusers, below the prefix")
set(RINGWIRE_ZSH_DIR share/zsh/site-functions CACHE STRING
    "Folder for zsh completions, below the prefix (packages of Debian: share/zsh/vendor-completions)")

install(TARGETS ringwire RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

file(GLOB pages CONFIGURE_DEPENDS docs/man/*.[1-9])
foreach(page IN LISTS pages)
  cmake_path(GET page EXTENSION LAST_ONLY section)
  string(REPLACE "." "man" section ${section})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/${section})
endforeach()

# Each counter is explained in one place, docs/counters.md.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS docs/counters.md docs/man/counters.py)
set(counters ${CMAKE_BINARY_DIR}/man/ringwire-counters.7)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/man)
execute_process(COMMAND ${RINGWIRE_PYTHON} ${PROJECT_SOURCE_DIR}/docs/man/counters.py ${PROJECT_SOURCE_DIR}/docs/counters.md
                OUTPUT_FILE ${counters} COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${counters} DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)

# A unit names the program by its whole path, which depends on the prefix of the installation.
foreach(service ringwire@.service ringwire-block@.service ringwire-exporter.service)
  install(CODE "
    file(READ \"${PROJECT_SOURCE_DIR}/deploy/systemd/${service}\" unit)
    string(REPLACE /usr/bin/ringwire \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/ringwire\" unit \"\${unit}\")
    file(WRITE \"${CMAKE_BINARY_DIR}/installed/${service}\" \"\${unit}\")
    file(INSTALL DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${RINGWIRE_UNITS_DIR}\" TYPE FILE
         FILES \"${CMAKE_BINARY_DIR}/installed/${service}\")")
endforeach()

install(FILES deploy/sysusers.d/ringwire.conf DESTINATION ${RINGWIRE_SYSUSERS_DIR})

set(folder ${CMAKE_BINARY_DIR}/completions)
file(MAKE_DIRECTORY ${folder})
set(generator ${PROJECT_SOURCE_DIR}/deploy/completions/generate.py)
add_custom_command(OUTPUT ${folder}/ringwire.bash ${folder}/_ringwire ${folder}/ringwire.fish
                   COMMAND ${RINGWIRE_PYTHON} ${generator} $<TARGET_FILE:ringwire> ${folder}
                   DEPENDS ringwire ${generator} COMMENT "Completions of bash, zsh and fish" VERBATIM)
add_custom_target(completions ALL DEPENDS ${folder}/ringwire.bash)
install(FILES ${folder}/ringwire.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ringwire)
install(FILES ${folder}/_ringwire DESTINATION ${RINGWIRE_ZSH_DIR})
install(FILES ${folder}/ringwire.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

install(FILES README.md CHANGELOG.md LICENSE docs/licences.md docs/cookbook.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/cookbook/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/cookbook)
install(DIRECTORY deploy/systemd/drop-ins DESTINATION ${CMAKE_INSTALL_DOCDIR}/systemd)
install(FILES docs/metrics.md docs/counters.md deploy/prometheus/alerts.yaml deploy/grafana/ringwire.json
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
