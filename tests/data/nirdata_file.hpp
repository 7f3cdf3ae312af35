// Writes small NIRData files through HDF5, right and wrong ones.
#pragma once

#include <hdf5.h>

#include <filesystem>
#include <string>
#include <vector>

namespace spikeloom {

/// Writes NIRData as the NIR project's library does, with plain calls.
class NirDataFile {
 public:
  explicit NirDataFile(const std::filesystem::path& path, const std::string& type = "NIRGraphData")
      : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {
    text(file_, "__type__", type);
  }
  ~NirDataFile() { H5Fclose(file_); }
  NirDataFile(const NirDataFile&) = delete;
  NirDataFile& operator=(const NirDataFile&) = delete;

  /// One of which nothing was observed.
  void node(const std::string& name) {
    const hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    H5Gclose(H5Gcreate2(file_, ("nodes/" + name).c_str(), links, H5P_DEFAULT, H5P_DEFAULT));
    H5Pclose(links);
  }
  void observable(const std::string& node, const std::string& name, const std::string& type) {
    const hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    group_ = "nodes/" + node + "/observables/" + name;
    const hid_t group = H5Gcreate2(file_, group_.c_str(), links, H5P_DEFAULT, H5P_DEFAULT);
    text(group, "__type__", type);
    H5Gclose(group);
    H5Pclose(links);
  }
  template <class T>
  void dataset(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<T>& values,
               hid_t type) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t set =
        H5Dcreate2(file_, (group_ + "/" + name).c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(set);
    H5Sclose(space);
  }
  void number(const std::string& name, double value) {
    const hid_t group = H5Gopen2(file_, group_.c_str(), H5P_DEFAULT);
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute =
        H5Acreate2(group, name.c_str(), H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, H5T_NATIVE_DOUBLE, &value);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Gclose(group);
  }

 private:
  static void text(hid_t object, const char* name, const std::string& value) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    const char* text = value.c_str();
    H5Awrite(attribute, type, static_cast<const void*>(&text));
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
  }
  hid_t file_;
  std::string group_;
};

}  // namespace spikeloom
