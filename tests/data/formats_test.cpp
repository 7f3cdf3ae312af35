// Laws that every row of the table of formats keeps: a tiny file of it is read, and every beginning of that
// file is either read or refused with its name.
#include "compiler/data/formats.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "compiler/base/file.hpp"
#include "tests/data/event_files.hpp"
#include "tests/data/files.hpp"
#include "tests/data/nirdata_file.hpp"

namespace spikeloom {
namespace {

using ::testing::HasSubstr;

class Formats : public FileTest {
 protected:
  struct Tiny {
    std::vector<std::uint8_t> bytes;
    std::vector<Port> ports;
    DatasetOptions options{};
  };
  /// A file of each format by its name. A row without one fails the test.
  [[nodiscard]] std::optional<Tiny> tiny(const std::string& name) const {
    const std::vector<Port> sensor{{"in", {2, 3, 4}}};
    if (name == "NumPy archive") return Tiny{read_file(archive()), {{"in", {2}}}};
    if (name == "NumPy array") return Tiny{Array::of_bytes({2, 2}, {1, 0, 0, 1}).to_npy(), {{"in", {2}}}};
    if (name == "event list") return Tiny{ByteWriter().put(std::string("0,1\n1,0\n")).bytes(), {{"in", {2}}}};
    if (name == "NIRData") return Tiny{read_file(nirdata()), {{"in", {2}}}};
    if (name == "SHD, SSC") return Tiny{read_file(shd()), {{"in", {700}}}};
    if (name == "N-MNIST") return Tiny{{3, 2, 0x80, 0, 1, 0, 0, 0, 4, 0}, sensor};
    if (name == "ATIS, Prophesee")
      return Tiny{ByteWriter()
                      .put(std::string("% Version 2\n"))
                      .put(std::uint8_t{12})
                      .put(std::uint8_t{8})
                      .put(std::uint32_t{7})
                      .put(std::uint32_t{3U | 2U << 14U | 1U << 28U})
                      .bytes(),
                  sensor};
    if (name == "AEDAT4")
      return Tiny{aedat4_bytes({.packets = {{{7, 3, 2, true}}}, .end_in_table = 7}), sensor};
    if (name == "ST-MNIST")
      return Tiny{mat_bytes("spiketrain", 101, taxel_column(47, 1, 0.2), MatForm::kCompressed),
                  {{"in", {2, 10, 10}}}};
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::filesystem::path archive() const {
    return put("tiny.npz", {{"spikes", Array::of_bytes({1, 2, 2}, {1, 0, 0, 1})}});
  }
  [[nodiscard]] std::filesystem::path nirdata() const {
    NirDataFile file(path("nirdata.h5"));
    file.observable("in", "spikes", "TimeGriddedData");
    file.dataset<std::int64_t>("data", {1, 2, 2}, {1, 0, 0, 1}, H5T_NATIVE_INT64);
    return path("nirdata.h5");
  }
  [[nodiscard]] std::filesystem::path shd() const {
    write_shd(path("shd.h5"), {{0.25F}}, {{3}}, {1});
    return path("shd.h5");
  }
};

TEST_F(Formats, EveryOneReadsATinyFileOfEveryExtension) {
  for (const DataFormat& format : data_formats()) {
    for (const std::string& extension : format.extensions) {
      const auto file = tiny(format.name);
      ASSERT_TRUE(file) << "no tiny file for the format " << format.name;
      const Dataset data = read_dataset(put("a" + extension, file->bytes), file->ports, file->options);
      EXPECT_EQ(data.samples.size(), 1U) << format.name;
      EXPECT_FALSE(data.samples[0].inputs[0].events().empty()) << format.name;
      EXPECT_TRUE(data.notes.empty()) << format.name;
    }
  }
}

TEST_F(Formats, EveryBeginningOfAFileIsReadOrRefusedByName) {
  for (const DataFormat& format : data_formats()) {
    const auto file = tiny(format.name);
    ASSERT_TRUE(file) << format.name;
    const std::string name = "cut" + format.extensions.front();
    // A child process takes its time, so of files in HDF5 fewer beginnings are tried.
    const bool is_slow = format.extensions.front() == ".h5";
    const std::size_t pitch = is_slow ? file->bytes.size() / 12 : std::size_t{1};
    std::size_t refused = 0;
    for (std::size_t size = 0; size < file->bytes.size(); size += pitch) {
      const std::vector<std::uint8_t> cut(file->bytes.begin(),
                                          file->bytes.begin() + static_cast<std::ptrdiff_t>(size));
      const std::string message =
          message_of([&] { return read_dataset(put(name, cut), file->ports, file->options); });
      if (message.empty()) continue;
      EXPECT_THAT(message, HasSubstr(name + ": ")) << format.name << " of " << size << " bytes";
      ++refused;
    }
    EXPECT_GE(refused, 1U) << format.name;
    // Lists of events without an end of their own may stop after any event; all others know their size.
    const bool has_no_end = format.name == "event list" || format.name == "N-MNIST";
    if (!has_no_end && !is_slow) {
      const std::vector<std::uint8_t> cut(file->bytes.begin(), file->bytes.end() - 1);
      EXPECT_NE(message_of([&] { return read_dataset(put(name, cut), file->ports, file->options); }), "")
          << format.name << " without its last byte";
    }
  }
}

TEST_F(Formats, AFileOfAForeignNameIsKnownByItsBeginning) {
  for (const DataFormat& format : data_formats()) {
    const auto file = tiny(format.name);
    const std::span<const readers::Format> all = readers::formats();
    const auto row =
        std::find_if(all.begin(), all.end(), [&](const auto& f) { return f.name == format.name; });
    const std::filesystem::path named = put("recording.unknown", file->bytes);
    if (row->magic.empty()) {
      EXPECT_THAT(message_of([&] { return read_dataset(named, file->ports, file->options); }),
                  HasSubstr("unknown extension '.unknown', expected .npz (NumPy archive)"));
    } else if (format.name != "ST-MNIST") {
      EXPECT_EQ(read_dataset(named, file->ports, file->options).samples.size(), 1U) << format.name;
    }
  }
}

TEST_F(Formats, AFolderHoldsRecordingsOfAnyKind) {
  std::filesystem::create_directories(path("many"));
  std::size_t count = 0;
  for (const DataFormat& format : data_formats()) {
    const auto file = tiny(format.name);
    static_cast<void>(put("many/a" + std::to_string(count) + format.extensions.front(), file->bytes));
    count += format.is_recording ? 1 : 0;
  }
  EXPECT_EQ(read_dataset(path("many"), {{"in", {2, 10, 10}}}).samples.size(), count);
  EXPECT_GE(count, 4U);
}

/// The page for users names every extension.
TEST_F(Formats, StandInTheDocumentation) {
  for (const char* page : {"docs/data.md", "docs/guide.md"}) {
    const std::vector<std::uint8_t> bytes = read_file(std::filesystem::path(SPIKELOOM_SOURCE_DIR) / page);
    const std::string text(bytes.begin(), bytes.end());
    for (const DataFormat& format : data_formats())
      for (const std::string& extension : format.extensions)
        EXPECT_THAT(text, HasSubstr("`" + extension + "`")) << page;
  }
}

}  // namespace
}  // namespace spikeloom
