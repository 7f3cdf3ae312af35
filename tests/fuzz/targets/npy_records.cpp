// Structured arrays of NumPy's: their fields, and the events that they are.
#include "compiler/data/npy.hpp"
#include "tests/fuzz/datasets.hpp"

FUZZ_TARGET(npy_records) {
  const auto any = accepted([&] { return parse_any_npy(bytes); });
  if (!any) return;
  const auto* records = std::get_if<Records>(&*any);
  if (records == nullptr) return;
  for (const auto& [name, array] : *records) {
    require(array.size() == records->front().second.size(), "fields of a structured array are as long");
    require(parse_npy(array.to_npy()).to_npy() == array.to_npy(), "a field that is written reads as itself");
  }
  read_data(bytes, ".npy");
}
