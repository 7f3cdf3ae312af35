#include "tests/fuzz/hdf5_recipe.hpp"

#include <hdf5.h>

#include <algorithm>
#include <array>

namespace spikeloom::fuzz {

bool children_in_process = false;

namespace {

constexpr std::size_t kMostValues = 4096;
constexpr std::size_t kDeepest = 40;

/// An HDF5 id that closes itself.
class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const { return id_; }  // NOLINT(google-explicit-constructor)

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// A shape, and how many values it holds; cut so that they are few.
struct Extents {
  std::vector<hsize_t> of;
  std::size_t count = 1;
};

class Cook {
 public:
  explicit Cook(Bytes recipe) : recipe_(recipe) {}

  std::vector<std::uint8_t> file() {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fapl_core(access, std::size_t{1} << 16U, 0);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    const Id file(H5Fcreate("made", H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
    require(file >= 0, "an HDF5 file can be made in memory");
    groups_.push_back(H5Gopen2(file, "/", H5P_DEFAULT));
    while (!recipe_.at_end()) step();
    while (!groups_.empty()) leave();
    H5Fflush(file, H5F_SCOPE_GLOBAL);
    const ssize_t size = H5Fget_file_image(file, nullptr, 0);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    H5Fget_file_image(file, bytes.data(), bytes.size());
    return bytes;
  }

 private:
  void step() {
    const std::uint8_t what = recipe_.byte() % 9;
    if (what == 1) {
      if (groups_.size() > 1) leave();
      return;
    }
    const std::string name = text();
    switch (what) {
      case 0:
        return enter(name);
      case 2:
        return numbers(name);
      case 3: {
        const Id space(H5Screate(H5S_SCALAR), H5Sclose);
        return texts(name, space, {text()});
      }
      case 4: {
        const Extents extents = shape();
        std::vector<std::string> list;
        for (std::size_t i = 0; i < extents.count; ++i) list.push_back(text());
        const Id space(H5Screate_simple(static_cast<int>(extents.of.size()), extents.of.data(), nullptr),
                       H5Sclose);
        return texts(name, space, list);
      }
      case 5:
        return attribute(name, text());
      case 6:
        return attribute(name, recipe_.number(8));
      case 7:
        return link(name);
      default:
        return lists(name);
    }
  }

  std::string text() {
    const std::size_t length = recipe_.byte();
    const Bytes rest = recipe_.rest();
    std::string result(text_of(rest.first(std::min(length, rest.size()))));
    for (std::size_t i = 0; i < result.size(); ++i) static_cast<void>(recipe_.byte());
    return result;
  }

  Extents shape() {
    Extents extents;
    for (std::size_t rank = recipe_.below(6); rank > 0; --rank) {
      std::size_t extent = recipe_.number(2);
      if (extents.count * extent > kMostValues) extent = 1;
      extents.of.push_back(extent);
      extents.count *= extent;
    }
    return extents;
  }

  void enter(const std::string& name) {
    if (groups_.size() >= kDeepest) return;
    const bool there = !name.empty() && H5Lexists(group(), name.c_str(), H5P_DEFAULT) > 0;
    const hid_t opened = there ? H5Gopen2(group(), name.c_str(), H5P_DEFAULT)
                               : H5Gcreate2(group(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (opened >= 0) groups_.push_back(opened);
  }
  void leave() {
    H5Gclose(groups_.back());
    groups_.pop_back();
  }
  [[nodiscard]] hid_t group() const { return groups_.back(); }

  /// Types of numbers, and their bytes.
  static const std::array<std::pair<hid_t, int>, 7>& number_types() {
    static const std::array<std::pair<hid_t, int>, 7> types{{{H5T_IEEE_F32LE, 4},
                                                             {H5T_IEEE_F64LE, 8},
                                                             {H5T_STD_I8LE, 1},
                                                             {H5T_STD_U8LE, 1},
                                                             {H5T_STD_I32LE, 4},
                                                             {H5T_STD_I64LE, 8},
                                                             {H5T_STD_U64LE, 8}}};
    return types;
  }

  void lists(const std::string& name) {
    const auto [item, bytes] = number_types()[recipe_.below(number_types().size())];
    std::vector<std::vector<std::uint8_t>> values(recipe_.below(32));
    std::vector<hvl_t> given;
    for (std::vector<std::uint8_t>& list : values) {
      const std::size_t length = recipe_.byte();
      for (std::size_t b = 0; b < length * static_cast<std::size_t>(bytes); ++b)
        list.push_back(recipe_.byte());
      given.push_back({length, list.data()});
    }
    const hsize_t count = values.size();
    const Id type(H5Tvlen_create(item), H5Tclose);
    const Id space(H5Screate_simple(1, &count, nullptr), H5Sclose);
    const Id set(H5Dcreate2(group(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                 H5Dclose);
    if (set >= 0 && count > 0) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, given.data());
  }

  void numbers(const std::string& name) {
    const std::uint8_t kind = recipe_.byte();
    const Extents extents = shape();
    const auto& types = number_types();
    const bool is_bool = kind % 8 == types.size();
    const int bytes = is_bool ? 1 : types[kind % 8].second;
    const Id type(is_bool ? H5Tenum_create(H5T_STD_I8LE) : H5Tcopy(types[kind % 8].first), H5Tclose);
    if (is_bool) {
      for (const std::int8_t value : {std::int8_t{0}, std::int8_t{1}})
        H5Tenum_insert(type, value == 0 ? "FALSE" : "TRUE", &value);
    }
    std::vector<std::uint8_t> values;
    for (std::size_t i = 0; i < extents.count; ++i) {
      const std::uint64_t value = recipe_.number(bytes);
      for (int b = 0; b < bytes; ++b) values.push_back(static_cast<std::uint8_t>(value >> (8 * b)));
    }
    const Id space(extents.of.empty()
                       ? H5Screate(kind / 32 % 8 == 7 ? H5S_NULL : H5S_SCALAR)
                       : H5Screate_simple(static_cast<int>(extents.of.size()), extents.of.data(), nullptr),
                   H5Sclose);
    const Id list(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    const std::uint8_t storage = kind / 8 % 4;
    if ((storage == 1 || storage == 2) && !extents.of.empty() && extents.count > 0) {
      std::vector<hsize_t> chunk = extents.of;
      chunk.front() = (chunk.front() + 1) / 2;
      H5Pset_chunk(list, static_cast<int>(chunk.size()), chunk.data());
      if (storage == 2) H5Pset_deflate(list, 1);
    }
    const Id set(H5Dcreate2(group(), name.c_str(), type, space, H5P_DEFAULT, list, H5P_DEFAULT), H5Dclose);
    if (set >= 0 && storage != 3 && extents.count > 0)
      H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  }

  void texts(const std::string& name, hid_t space, const std::vector<std::string>& list) {
    const Id type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    std::vector<const char*> pointers;
    for (const std::string& one : list) pointers.push_back(one.c_str());
    const Id set(H5Dcreate2(group(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                 H5Dclose);
    if (set >= 0 && !list.empty())
      H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, static_cast<const void*>(pointers.data()));
  }

  void attribute(const std::string& name, const std::string& value) {
    const Id type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, std::max<std::size_t>(value.size(), 1));
    const Id space(H5Screate(H5S_SCALAR), H5Sclose);
    const Id made(H5Acreate2(group(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    if (made >= 0) H5Awrite(made, type, value.c_str());
  }
  void attribute(const std::string& name, std::uint64_t bits) {
    const Id space(H5Screate(H5S_SCALAR), H5Sclose);
    const Id made(H5Acreate2(group(), name.c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT),
                  H5Aclose);
    if (made >= 0) H5Awrite(made, H5T_IEEE_F64LE, &bits);
  }

  void link(const std::string& name) {
    const std::uint8_t kind = recipe_.byte();
    const std::string to = text();
    if (kind % 3 == 0) H5Lcreate_soft(to.c_str(), group(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
    if (kind % 3 == 1)
      H5Lcreate_external("elsewhere.h5", to.c_str(), group(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
    if (kind % 3 == 2)
      H5Lcreate_hard(groups_.front(), to.c_str(), group(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
  }

  Recipe recipe_;
  std::vector<hid_t> groups_;
};

}  // namespace

std::vector<std::uint8_t> hdf5_file(Bytes recipe) { return Cook(recipe).file(); }

}  // namespace spikeloom::fuzz
