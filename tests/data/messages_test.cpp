// What a file of data that is wrong is told: the messages that no other test of this folder asks for.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/data/event_files.hpp"
#include "tests/data/files.hpp"
#include "tests/data/nirdata_file.hpp"

namespace spikeloom {
namespace {

using ::testing::HasSubstr;
using RawBytes = std::vector<std::uint8_t>;

class DataMessages : public FileTest {
 protected:
  [[nodiscard]] std::string said(const std::string& name, const RawBytes& bytes,
                                 const DatasetOptions& options = {}) const {
    return message_of([&] { return read_dataset(put(name, bytes), ports_, options); });
  }
  [[nodiscard]] std::string said(const NamedArrays& arrays, const DatasetOptions& options = {}) const {
    return message_of([&] { return read_dataset(put("a.npz", arrays), ports_, options); });
  }
  std::vector<Port> ports_{{"in", {2}}};
};

RawBytes npy_typed(const std::string& type, const std::string& shape, const RawBytes& values = {},
                   const std::string& fortran = "False") {
  return npy_headed("{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + "}",
                    values);
}

TEST_F(DataMessages, OfNumPyArrays) {
  EXPECT_THAT(said("a.npy", npy_headed("{'colour': 1}")),
              HasSubstr("the header has an unknown key 'colour'"));
  std::string shape = "(";
  for (int d = 0; d < 33; ++d) shape += "1,";
  EXPECT_THAT(said("a.npy", npy_typed("|u1", shape + ")", {0})), HasSubstr("more than 32 dimensions"));
  EXPECT_THAT(said("a.npy", npy_typed("<U1", "(1,)", {0, 0xd8, 0, 0})),
              HasSubstr("a text holds an invalid character"));
  EXPECT_THAT(said("a.npy", npy_typed(">u2", "(1,)", {0, 1})), HasSubstr("(big-endian)"));
  EXPECT_THAT(said("a.npy", npy_typed("<Umany", "(1,)")), HasSubstr("(text length)"));
  EXPECT_THAT(said("a.npy", npy_typed("<c8", "(1,)", RawBytes(8))), HasSubstr("(complex)"));
  EXPECT_THAT(said("a.npy", npy_typed("<U0", "(2000000,)")), HasSubstr("too many empty texts"));
  EXPECT_THAT(said("a.npy", npy_typed("<U1", "(1,1)", {65, 0, 0, 0}, "True")),
              HasSubstr("texts in Fortran order are not supported"));
}

TEST_F(DataMessages, OfStructuredArrays) {
  const auto event = ByteWriter().put(std::nan("")).put(std::uint8_t{0}).bytes();
  EXPECT_THAT(said("a.npy", structured_npy("[('t', '<f8'), ('x', '|u1')]", 1, event)),
              HasSubstr("event 0: t is not finite"));
  EXPECT_THAT(said("a.npy", structured_npy("[('t', '<U1')]", 1, {65, 0, 0, 0})),
              HasSubstr("field 't': holds texts, expected numbers"));
  EXPECT_THAT(said("a.npy", structured_npy("[('t', '|Vx')]", 1, {65})),
              HasSubstr("padding '|Vx' is malformed"));
}

TEST_F(DataMessages, OfArchives) {
  const auto reals = [](std::vector<std::size_t> shape, const std::vector<double>& values) {
    return Array::of_f8(std::move(shape), values);
  };
  const std::array<std::int64_t, 3> integers{1, 2, 3};
  const Array values = reals({2, 2}, {0, 1, 1, 0});
  const DatasetOptions rate{.encoder = Encoder::kRate, .steps = 4};
  EXPECT_THAT(said({{"values", Array::of_i8({1, 2}, std::span(integers).first(2))}}, rate),
              HasSubstr("whose full scale is not known; give it by option or as the array full_scale"));
  EXPECT_THAT(
      said({{"values", values}, {"encoder", Array::of_text("rate")}, {"steps", Array::of_i8({3}, integers)}}),
      HasSubstr("3 entries, expected 1 or 2"));
  EXPECT_THAT(
      said({{"values", values}, {"encoder", Array::of_text("rate")}, {"steps", Array::of_text("two")}}),
      HasSubstr("steps: expected integers, found"));
  EXPECT_THAT(said({{"t", reals({2}, {0, 1})}, {"index", reals({1}, {0})}}),
              HasSubstr("events need arrays of numbers of one length, found t f8 (2,) and f8 (1,)"));
  EXPECT_THAT(said({{"t", reals({1}, {0})}, {"index", reals({1}, {-1})}}),
              HasSubstr("event 0 has sample 0 and index -1, expected both from 0"));
  EXPECT_THAT(said({{"spikes", reals({1, 1, 2}, {0, 1})}, {"labels", Array::of_texts({"a"})}}),
              HasSubstr("labels: "));
  const DatasetOptions none{.limit = 0};
  EXPECT_THAT(said({{"spikes", reals({1, 1, 2}, {0, 1})}}, none), HasSubstr("a.npz: holds no sample"));
  const DatasetOptions still{.frame = std::chrono::microseconds(0)};
  EXPECT_THAT(said({{"spikes", reals({1, 1, 2}, {0, 1})}}, still),
              HasSubstr("the frame must be longer than 0"));
  const auto coded = [&](const std::string& name, const Array& array) {
    return said({{"values", values}, {"encoder", Array::of_text("rate")}, {name, array}});
  };
  EXPECT_THAT(coded("full_scale", reals({2}, {1, 2})),
              HasSubstr("full_scale: expected one value, found f8 (2,)"));
  EXPECT_THAT(coded("steps", Array::of_i8({1}, std::array<std::int64_t, 1>{0})),
              HasSubstr("steps is 0, expected 1 to "));
  const Array three = reals({3, 1, 2}, {0, 1, 0, 1, 0, 1});
  EXPECT_THAT(said({{"spikes", three}, {"steps", Array::of_i8({2}, std::span(integers).first(2))}}),
              HasSubstr("steps has fewer entries than there are samples"));
  EXPECT_THAT(message_of([&] {
                return read_dataset(
                    put("a.npz", NamedArrays{{"spikes.a", reals({1, 1, 2}, {0, 1})}, {"spikes.b", three}}),
                    {{"a", {2}}, {"b", {2}}});
              }),
              HasSubstr("input 'b' has 3 samples, those before it 1"));
  for (const double most : {0.0, -1.0, std::nan("")})
    EXPECT_THAT(said({{"spikes", reals({1, 1, 2}, {0, 1})}}, {.clip = most}),
                HasSubstr("clip: expected a finite value above 0"));
}

TEST_F(DataMessages, OfLabelsInAFileOfTheirOwn) {
  const auto labelled = [&](const NamedArrays& labels) {
    return said({{"spikes", Array::of_f8({1, 1, 2}, std::array<double, 2>{0, 1})}},
                {.labels = put("l.npz", labels)});
  };
  const Array two = Array::of_i8({2}, std::array<std::int64_t, 2>{0, 1}),
              one = Array::of_i8({1}, std::array<std::int64_t, 1>{0});
  EXPECT_THAT(labelled({{"ids", two}, {"labels", one}}),
              HasSubstr("l.npz: expected as many labels as ids, found ids i8 (2,) and labels i8 (1,)"));
  EXPECT_THAT(labelled({{"ids", one}, {"labels", Array::of_texts({"a"})}}),
              HasSubstr("l.npz: labels: found texts, expected integers"));
}

TEST_F(DataMessages, OfEventLists) {
  const auto of_text = [&](const std::string& text) {
    return said("a.csv", RawBytes(text.begin(), text.end()));
  };
  EXPECT_THAT(of_text("t,value\n0,1\n"), HasSubstr("the heading lacks the column t or index"));
  EXPECT_THAT(of_text("0,1,2,3\n"), HasSubstr("line 1: expected t,index or t,index,value"));
}

TEST_F(DataMessages, OfAedat4) {
  ports_ = {{"in", {2, 3, 4}}};
  const auto with = [](RawBytes bytes, const std::string& mark, std::size_t behind, std::uint32_t value) {
    const auto found = std::search(bytes.begin(), bytes.end(), mark.begin(), mark.end());
    EXPECT_NE(found, bytes.end()) << mark;
    std::memcpy(&*found + static_cast<std::ptrdiff_t>(behind), &value, sizeof value);
    return bytes;
  };
  const Aedat4 plain{.packets = {{{5, 1, 2, true}}}, .packed = 0, .closed = false};
  const RawBytes whole = aedat4_bytes(plain);
  EXPECT_EQ(said("a.aedat4", whole), "");
  // Behind EVTS: the layout (8 bytes), the table (back to its layout, on to the vector), the vector.
  EXPECT_THAT(said("a.aedat4", with(whole, "EVTS\x06", 0, 0)),
              HasSubstr("expected a table 'EVTS', found another"));
  EXPECT_THAT(said("a.aedat4", with(whole, "EVTS\x06", 12, 400)),
              HasSubstr("a table's layout lies before the buffer"));
  EXPECT_THAT(said("a.aedat4", with(whole, "EVTS\x06", 16, 4000)),
              HasSubstr("a table points to byte 4020 of"));
  EXPECT_THAT(said("a.aedat4", with(whole, "EVTS\x06", 20, 4000)),
              HasSubstr("a list of 4000 entries does not fit"));
  EXPECT_THAT(said("a.aedat4", with(whole, "</dv>", 0, 0x20202020)),
              HasSubstr("the list of streams is no XML: "));
  for (const auto& [method, name] : {std::pair(1, "LZ4"), std::pair(3, "Zstandard")}) {
    Aedat4 packed = plain;
    packed.packed = method;
    RawBytes bytes = aedat4_bytes(packed);
    const std::string xml = "</dv>";
    const auto packet = std::search(bytes.begin(), bytes.end(), xml.begin(), xml.end()) - bytes.begin() + 6;
    std::int32_t size = 0;
    std::memcpy(&size, &bytes[static_cast<std::size_t>(packet) + 4], sizeof size);
    size -= 5;  // the packet says that it ends sooner
    RawBytes cut(bytes.begin(), bytes.begin() + packet + 8 + size);
    std::memcpy(&cut[static_cast<std::size_t>(packet) + 4], &size, sizeof size);
    EXPECT_THAT(said("a.aedat4", cut), HasSubstr(std::string(name) + " cannot unpack it: it is cut off"));
    bytes[static_cast<std::size_t>(packet) + 8] ^= 0xffU;  // the compressed frame's first byte
    EXPECT_THAT(said("a.aedat4", bytes), HasSubstr(std::string(name) + " cannot unpack it: "));
  }
}

TEST_F(DataMessages, OfStmnist) {
  ports_ = {{"in", {2, 10, 10}}};
  const std::vector<double> column = taxel_column(3, 1, 0.5);
  const auto with = [&](std::size_t at, std::uint32_t value) {
    RawBytes bytes = mat_bytes("spiketrain", 101, column, MatForm::kPlain);
    std::memcpy(&bytes[at], &value, sizeof value);
    return said("a.mat", bytes);
  };
  // Behind the heading: the matrix's tag, flags at 136, extents at 152, the name at 168, numbers at 192.
  EXPECT_THAT(with(192, 5U << 16U | 9U), HasSubstr("a small element claims 5 bytes"));
  EXPECT_THAT(with(192, 10), HasSubstr("numbers of type 10; expected 1 to 7, 9, 12 or 13"));
  EXPECT_THAT(with(196, 800), HasSubstr("spiketrain should have 101 x 1.000000 numbers and has 100"));
  EXPECT_THAT(with(196, 8000), HasSubstr("a data element should have 8000 bytes"));
  RawBytes heading = mat_bytes("x", 101, column, MatForm::kPlain);
  heading.resize(128);
  EXPECT_THAT(said("a.mat", heading), HasSubstr("found no variable"));
}

TEST_F(DataMessages, OfNirData) {
  const auto reads = [&](double dt) {
    return message_of([&] { return read_dataset(path("a.h5"), ports_, {.dt = dt}); });
  };
  const auto events = [&](const std::vector<hsize_t>& times, double time) {
    NirDataFile file(path("a.h5"));
    file.observable("in", "spikes", "EventData");
    file.dataset<std::int64_t>("idx", {1, 1}, {0}, H5T_NATIVE_INT64);
    file.dataset<double>("time", times, {time}, H5T_NATIVE_DOUBLE);
  };
  events({1, 1}, -1);
  EXPECT_THAT(reads(1e-3), HasSubstr("time -1.000000 s at dt 0.001000 s is no step"));
  events({1}, 0);
  EXPECT_THAT(reads(1e-3), HasSubstr("idx, time and value must have one shape (samples, events), found idx"));
  const auto gridded = [&](hid_t stored, const std::vector<hsize_t>& shape) {
    NirDataFile file(path("a.h5"));
    file.observable("in", "spikes", "TimeGriddedData");
    file.dataset<std::uint8_t>("data", shape, {0, 0, 0, 0, 0, 0, 0, 0}, stored);
  };
  const hid_t opaque = H5Tcreate(H5T_OPAQUE, 1);
  gridded(opaque, {1, 2, 2});
  H5Tclose(opaque);
  EXPECT_THAT(reads(1e-3), HasSubstr("'data' does not hold numbers"));
  gridded(H5T_STD_U8LE, {});
  EXPECT_THAT(reads(1e-3), HasSubstr("'data' has no dimension for samples"));
  {
    NirDataFile file(path("a.h5"));
    file.observable("in", "spikes", "TimeGriddedData");
    file.observable("in", "spikes/data", "a group in place of the numbers");
  }
  EXPECT_THAT(reads(1e-3), HasSubstr("'data' is no dataset"));
  {
    NirDataFile file(path("a.h5"));
    file.observable("in", "charge", "TimeGriddedData");
    file.observable("in", "weather", "TimeGriddedData");
  }
  EXPECT_THAT(reads(1e-3),
              HasSubstr("expected the observable spikes or values, or a single one; found charge, "
                        "weather"));
  {
    NirDataFile file(path("a.h5"));
    file.node("in");
  }
  EXPECT_THAT(reads(1e-3), HasSubstr("node 'in': has no observables"));
  {
    NirDataFile file(path("a.h5"));
    file.observable("a", "spikes", "TimeGriddedData");
    file.dataset<std::uint8_t>("data", {1, 1, 2}, {0, 1}, H5T_STD_U8LE);
    file.observable("b", "spikes", "TimeGriddedData");
    file.dataset<std::uint8_t>("data", {2, 1, 2}, {0, 1, 1, 0}, H5T_STD_U8LE);
  }
  EXPECT_THAT(message_of([&] {
                return read_dataset(path("a.h5"), {{"a", {2}}, {"b", {2}}});
              }),
              HasSubstr("node 'b': has 2 samples, another input 1"));
  {
    NirDataFile file(path("a.h5"));
    file.observable("in", "spikes", "EventData");
    file.dataset<std::int64_t>("idx", {1, 2}, {0, -2}, H5T_NATIVE_INT64);
    file.dataset<double>("time", {1, 2}, {0, 0}, H5T_NATIVE_DOUBLE);
  }
  EXPECT_THAT(reads(1e-3), HasSubstr("sample 0: event 1 has index -2"));
  {
    NirDataFile file(path("a.h5"), "NIRNodeData");
    file.node("in");
  }
  EXPECT_THAT(reads(1e-3), HasSubstr("not NIRData, which has the attribute __type__ = NIRGraphData; found "
                                     "'NIRNodeData'"));
}

TEST_F(DataMessages, OfTrains) {
  Train train;
  train.add(3, 1);
  EXPECT_THAT(message_of([&] {
                train.add(3, 1);
                return 0;
              }),
              HasSubstr("train: step 0: element 3 after element 3; expected ascending elements"));
  EXPECT_THAT(message_of([&] {
                train.resize(4);
                return 0;
              }),
              HasSubstr("train: step 0 has not ended; end_step() comes first"));
}

}  // namespace
}  // namespace spikeloom
