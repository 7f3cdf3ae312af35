#include <gmock/gmock.h>
#include <hdf5.h>

#include <cstring>

#include "compiler/base/rng.hpp"
#include "host/data/file.hpp"
#include "tests/data/files.hpp"

namespace spikeloom {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Writes NIRData as the NIR project's library does, with plain calls.
class NirFile {
 public:
  explicit NirFile(const std::filesystem::path& path, const std::string& type = "NIRGraphData")
      : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {
    text(file_, "__type__", type);
  }
  ~NirFile() { H5Fclose(file_); }
  NirFile(const NirFile&) = delete;
  NirFile& operator=(const NirFile&) = delete;

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
  void dataset(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<T>& values, hid_t type) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t set = H5Dcreate2(file_, (group_ + "/" + name).c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(set);
    H5Sclose(space);
  }
  void number(const std::string& name, double value) {
    const hid_t group = H5Gopen2(file_, group_.c_str(), H5P_DEFAULT);
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(group, name.c_str(), H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT);
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

class NirData : public FileTest {
 protected:
  const std::vector<Port> ports_{{"input", {2}}};
};

TEST_F(NirData, ReadsTimeGriddedData) {
  {
    NirFile file(path("a.h5"));
    file.observable("input", "spikes", "TimeGriddedData");
    file.dataset<std::int64_t>("data", {2, 2, 2}, {1, 0, 0, 1, 0, 0, 3, 0}, H5T_NATIVE_INT64);
    file.number("dt", 1e-3);
  }
  const Dataset data = read_dataset(path("a.h5"), ports_);
  ASSERT_EQ(data.samples.size(), 2U);
  EXPECT_THAT(values_of(data, 0), ElementsAre(1, 0, 0, 1));
  EXPECT_THAT(values_of(data, 1), ElementsAre(0, 0, 3, 0));
}

TEST_F(NirData, ReadsTruthValuesAsH5pyWritesThem) {
  {
    NirFile file(path("a.h5"));
    file.observable("input", "spikes", "TimeGriddedData");
    const hid_t boolean = H5Tenum_create(H5T_NATIVE_INT8);
    const std::int8_t no = 0;
    const std::int8_t yes = 1;
    H5Tenum_insert(boolean, "FALSE", &no);
    H5Tenum_insert(boolean, "TRUE", &yes);
    file.dataset<std::int8_t>("data", {1, 1, 2}, {0, 1}, boolean);
    H5Tclose(boolean);
  }
  EXPECT_THAT(values_of(read_dataset(path("a.h5"), ports_), 0), ElementsAre(0, 1));
}

TEST_F(NirData, ReadsEventsWithAndWithoutValues) {
  {
    NirFile file(path("a.h5"));
    file.observable("input", "spikes", "ValuedEventData");
    file.dataset<std::int64_t>("idx", {2, 2}, {1, 0, 1, -1}, H5T_NATIVE_INT64);
    file.dataset<double>("time", {2, 2}, {0.003, 0.001, 0.0, 1.0 / 0.0}, H5T_NATIVE_DOUBLE);
    file.dataset<float>("value", {2, 2}, {2, 0.5F, 1, 0}, H5T_NATIVE_FLOAT);
    file.number("t_max", 0.003);
  }
  DatasetOptions options;
  options.dt = 1e-3;
  const Dataset data = read_dataset(path("a.h5"), ports_, options);
  EXPECT_THAT(values_of(data, 0), ElementsAre(0, 0, 0.5, 0, 0, 0, 0, 2));
  EXPECT_THAT(values_of(data, 1), ElementsAre(0, 1, 0, 0, 0, 0));
  EXPECT_THAT(message_of([&] { return read_dataset(path("a.h5"), ports_); }), HasSubstr("node 'input': spikes: event times are in seconds: give dt"));
}

TEST_F(NirData, PutsATimeThatIsAMultipleOfDtIntoItsOwnStep) {
  std::vector<double> times;
  std::vector<std::int64_t> idx;
  for (int k = 0; k < 1000; ++k) {
    times.push_back(k * 1e-4);
    idx.push_back(0);
  }
  {
    NirFile file(path("a.h5"));
    file.observable("input", "spikes", "EventData");
    file.dataset<std::int64_t>("idx", {1, 1000}, idx, H5T_NATIVE_INT64);
    file.dataset<double>("time", {1, 1000}, times, H5T_NATIVE_DOUBLE);
  }
  DatasetOptions options;
  options.dt = 1e-4;
  const Dataset data = read_dataset(path("a.h5"), ports_, options);
  ASSERT_EQ(data.samples[0].steps(), 1000U);
  for (std::size_t t = 0; t < 1000; ++t) EXPECT_THAT(data.samples[0].inputs[0].at(t), ElementsAre(Event{0, 1})) << t;
}

/// Some of these kill or hang the HDF5 library; the reader's own process lives on.
TEST_F(NirData, SurvivesDamagedFiles) {
  {
    NirFile file(path("a.h5"));
    file.observable("input", "spikes", "TimeGriddedData");
    file.dataset<std::int64_t>("data", {2, 2, 2}, {1, 0, 0, 1, 0, 0, 3, 0}, H5T_NATIVE_INT64);
  }
  const std::vector<std::uint8_t> whole = read_file(path("a.h5"));
  Rng rng(3);
  std::size_t refused = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<std::uint8_t> bytes = whole;
    for (std::uint64_t edits = 1 + rng.below(8); edits > 0; --edits) bytes[rng.below(bytes.size())] = static_cast<std::uint8_t>(rng.below(256));
    if (rng.chance(0.2)) bytes.resize(rng.below(bytes.size()));
    const std::string message = message_of([&] { return read_dataset(put("damaged.h5", bytes), ports_); });
    if (message.empty()) continue;
    EXPECT_THAT(message, HasSubstr("damaged.h5"));
    ++refused;
  }
  EXPECT_GT(refused, 15U);
}

TEST_F(NirData, ListsWhatDoesNotFit) {
  {
    NirFile file(path("a.h5"));
    file.observable("left", "spikes", "TimeGriddedData");
    file.dataset<float>("data", {1, 2, 3}, std::vector<float>(6), H5T_NATIVE_FLOAT);
    file.observable("middle", "spikes", "Unknown");
  }
  EXPECT_THAT(message_of([&] { return read_dataset(path("a.h5"), {{"left", {2}}, {"middle", {2}}, {"right", {2}}}); }),
              AllOf(HasSubstr("node 'left': spikes: data: shape (1, 2, 3) does not end in input 'left', which is (2,)"),
                    HasSubstr("node 'middle': spikes: type is 'Unknown', expected TimeGriddedData"),
                    HasSubstr("node 'right': no such node, found left, middle")));
  { const NirFile file(path("b.h5"), "Something"); }
  EXPECT_THAT(message_of([&] { return read_dataset(path("b.h5"), ports_); }), HasSubstr("not NIRData"));
  EXPECT_THAT(message_of([&] { return read_dataset(put("c.h5", "no HDF5"), ports_); }), HasSubstr("c.h5: not a readable HDF5 file"));
}

}  // namespace
}  // namespace spikeloom
