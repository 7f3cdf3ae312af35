# A Debian package of the installation: scripts/deb.sh.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME spikeloom)
set(CPACK_PACKAGE_CONTACT "Spikeloom contributors <spikeloom@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "spiking networks onto a mesh of tiles, with promises that hold")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The RTL as a device: chips are built where they are used.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "verilator, clang | g++, make")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "pocl-opencl-icd")
include(CPack)
