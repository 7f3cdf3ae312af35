#include "tests/model/nir_file.hpp"
#include "tests/base/scratch_folder.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>
#include <unistd.h>

#include <stdexcept>

namespace spikeloom::test {
namespace {

hid_t good(hid_t id) {
  if (id < 0) throw std::runtime_error("the test's own HDF5 call failed");
  return id;
}

hid_t make_space(const Shape& shape) {
  if (shape.empty()) return good(H5Screate(H5S_SCALAR));
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  return good(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr));
}

hid_t intermediate() {
  const hid_t plist = good(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(plist, 1);
  return plist;
}

hid_t text_type() {
  const hid_t type = good(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

}  // namespace

NirFile::NirFile(std::string path, Storage storage)
    : path_(std::move(path)),
      storage_(storage),
      file_(good(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT))) {}

NirFile::~NirFile() { close(); }

const std::string& NirFile::close() {
  if (file_ >= 0) H5Fclose(file_);
  file_ = -1;
  return path_;
}

void NirFile::drop(const std::string& where) {
  H5E_auto2_t function = nullptr;
  void* data = nullptr;
  H5Eget_auto2(H5E_DEFAULT, &function, &data);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5Ldelete(file_, where.c_str(), H5P_DEFAULT);
  H5Eset_auto2(H5E_DEFAULT, function, data);
}

void NirFile::text(const std::string& where, const std::string& value) { texts(where, {}, {value}); }

void NirFile::fixed_text(const std::string& where, const std::string& value) {
  drop(where);
  const hid_t type = good(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, value.size());
  const hid_t set =
      good(H5Dcreate2(file_, where.c_str(), type, make_space({}), intermediate(), H5P_DEFAULT, H5P_DEFAULT));
  H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.data());
  H5Dclose(set);
}

void NirFile::texts(const std::string& where, const Shape& shape, const std::vector<std::string>& values) {
  drop(where);
  std::vector<const char*> pointers;
  for (const std::string& value : values) pointers.push_back(value.c_str());
  const hid_t type = text_type();
  const hid_t set = good(
      H5Dcreate2(file_, where.c_str(), type, make_space(shape), intermediate(), H5P_DEFAULT, H5P_DEFAULT));
  if (!values.empty())
    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, static_cast<const void*>(pointers.data()));
  H5Dclose(set);
}

void NirFile::numbers(const std::string& where, const Shape& shape, const std::vector<double>& values,
                      Number number) {
  drop(where);
  const hid_t type = number == Number::kF4   ? H5T_IEEE_F32LE
                     : number == Number::kF8 ? H5T_IEEE_F64LE
                                             : H5T_STD_I64LE;
  const hid_t plist = good(H5Pcreate(H5P_DATASET_CREATE));
  if (storage_ == Storage::kCompressed && !shape.empty() && volume(shape) > 0) {
    std::vector<hsize_t> chunk(shape.begin(), shape.end());
    chunk[0] = (chunk[0] + 1) / 2;
    H5Pset_chunk(plist, static_cast<int>(chunk.size()), chunk.data());
    H5Pset_deflate(plist, 4);
  }
  const hid_t set =
      good(H5Dcreate2(file_, where.c_str(), type, make_space(shape), intermediate(), plist, H5P_DEFAULT));
  if (!values.empty()) H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  H5Dclose(set);
}

void NirFile::unwritten(const std::string& where, const Shape& shape) {
  drop(where);
  const hid_t plist = good(H5Pcreate(H5P_DATASET_CREATE));
  const std::vector<hsize_t> chunk(shape.size(), 1);
  H5Pset_chunk(plist, static_cast<int>(chunk.size()), chunk.data());
  H5Dclose(good(H5Dcreate2(file_, where.c_str(), H5T_IEEE_F32LE, make_space(shape), intermediate(), plist,
                           H5P_DEFAULT)));
}

void NirFile::group(const std::string& where) {
  drop(where);
  H5Gclose(good(H5Gcreate2(file_, where.c_str(), intermediate(), H5P_DEFAULT, H5P_DEFAULT)));
}

void NirFile::link(const std::string& where, const std::string& to) {
  drop(where);
  H5Lcreate_soft(to.c_str(), file_, where.c_str(), intermediate(), H5P_DEFAULT);
}

void NirFile::hard_link(const std::string& where, const std::string& to) {
  drop(where);
  H5Lcreate_hard(file_, to.c_str(), file_, where.c_str(), intermediate(), H5P_DEFAULT);
}

void NirFile::external_link(const std::string& where) {
  drop(where);
  H5Lcreate_external("other.h5", "/x", file_, where.c_str(), intermediate(), H5P_DEFAULT);
}

void NirFile::remove(const std::string& where) { drop(where); }

void NirFile::edges(const std::vector<std::pair<std::string, std::string>>& list, const std::string& graph) {
  std::vector<std::string> flat;
  for (const auto& [from, to] : list) flat.insert(flat.end(), {from, to});
  texts(graph + "/edges", {list.size(), 2}, flat);
}

void write_small(NirFile& file) {
  using Number = NirFile::Number;
  file.text("version", "1.0.7");
  file.text("node/type", "NIRGraph");
  file.node("input", "Input");
  file.field("input", "shape", {1}, {2}, Number::kI8);
  file.node("fc", "Affine");
  file.field("fc", "weight", {3, 2}, {1, 2, 3, 4, 5, 6});
  file.field("fc", "bias", {3}, {0.5, 0, -0.5});
  file.node("lif", "LIF");
  file.field("lif", "tau", {3}, {0.016, 0.016, 0.016}, Number::kF8);
  file.field("lif", "r", {3}, {16, 16, 16}, Number::kF8);
  file.field("lif", "v_leak", {3}, {0, 0, 0});
  file.field("lif", "v_threshold", {3}, {1, 2, 3});
  file.field("lif", "v_reset", {3}, {0, 0, 0});
  file.node("output", "Output");
  file.field("output", "shape", {1}, {3}, Number::kI8);
  file.edges({{"input", "fc"}, {"fc", "lif"}, {"lif", "output"}});
}

std::string temporary(const std::string& name) {
  static const ScratchFolder folder;
  return folder.file(name);
}

}  // namespace spikeloom::test
