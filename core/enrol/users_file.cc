#include "core/enrol/users_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "core/base/ascii.h"
#include "core/base/status_macros.h"
#include "core/enrol/limits.h"
#include "fmt/format.h"

namespace ringwire::enrol {
namespace {

// yescrypt, gost-yescrypt, bcrypt, SHA-256 and SHA-512 of crypt(5). Its other methods can be tried
// too fast, and crypt() itself would take them.
constexpr std::array<std::string_view, 6> kMethods = {"$y$", "$gy$", "$2b$", "$2y$", "$5$", "$6$"};

constexpr size_t kFieldCount = 4;

std::string_view TakeLine(std::string_view* text) {
  const size_t newline = text->find('\n');
  const size_t size = newline == std::string_view::npos ? text->size() : newline + 1;
  const std::string_view line = text->substr(0, size);
  text->remove_prefix(size);
  return line;
}

// Without its end and surrounding spaces; empty for a comment.
std::string_view StatementOf(std::string_view line) {
  const std::string_view statement = Trim(line);
  return statement.starts_with('#') ? std::string_view() : statement;
}

std::string_view NameOf(std::string_view statement) {
  return statement.substr(0, statement.find(':'));
}

bool IsHash(std::string_view hash) {
  if (hash == "*" || hash.starts_with('!')) return true;
  const auto has = [hash](std::string_view method) { return hash.starts_with(method); };
  return hash.size() <= kHashBytesMax && std::ranges::any_of(kMethods, has) &&
         std::ranges::all_of(hash, [](char c) { return c > ' ' && c <= '~'; });
}

template <typename Number>
std::optional<Number> NumberIn(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

// YYYY-MM-DD: the end of that day, UTC.
std::optional<int64_t> EndOfDay(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = NumberIn<uint16_t>(text.substr(0, 4));
  const auto month = NumberIn<uint8_t>(text.substr(5, 2));
  const auto day = NumberIn<uint8_t>(text.substr(8, 2));
  if (!year.has_value() || !month.has_value() || !day.has_value()) return std::nullopt;
  const absl::CivilDay date(*year, *month, *day);
  if (date.month() != *month || date.day() != *day) return std::nullopt;
  return absl::ToUnixSeconds(absl::FromCivil(date + 1, absl::UTCTimeZone()));
}

absl::Status ReadOption(std::string_view option, User* user) {
  if (option == "disabled") {
    user->is_disabled = true;
    return absl::OkStatus();
  }
  const size_t equals = option.find('=');
  const std::string_view name = option.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : option.substr(equals + 1);
  if (name == "devices") {
    user->devices_max = NumberIn<uint32_t>(value);
    if (user->devices_max.has_value()) return absl::OkStatus();
    return absl::InvalidArgumentError("devices must be a number");
  }
  if (name == "until") {
    user->until = EndOfDay(value);
    if (user->until.has_value()) return absl::OkStatus();
    return absl::InvalidArgumentError("until must be a day like 2027-01-31");
  }
  return absl::InvalidArgumentError("an option must be devices=N, until=YYYY-MM-DD or disabled");
}

absl::StatusOr<User> ReadUser(std::string_view statement) {
  std::array<std::string_view, kFieldCount> fields;
  for (size_t i = 0; i < kFieldCount; ++i) {
    const size_t colon = statement.find(':');
    const bool is_last = i + 1 == kFieldCount;
    if (is_last != (colon == std::string_view::npos)) {
      return absl::InvalidArgumentError("a user must be NAME:HASH:OTP:OPTIONS");
    }
    fields[i] = Trim(statement.substr(0, colon));
    if (!is_last) statement.remove_prefix(colon + 1);
  }
  User user;
  user.name = fields[0];
  user.hash = fields[1];
  if (!IsUserName(user.name)) {
    return absl::InvalidArgumentError(
        "a name must be 1 to 64 of a-z 0-9 . _ @ -, the first a letter or digit");
  }
  if (!IsHash(user.hash)) {
    return absl::InvalidArgumentError(
        "the hash must begin with $y$, $gy$, $2b$, $2y$, $5$ or $6$, or be * or !");
  }
  if (!fields[2].empty()) {
    return absl::InvalidArgumentError("the field OTP must be empty");
  }
  std::string_view options = fields[3];
  while (!options.empty()) {
    const size_t comma = options.find(',');
    RETURN_IF_ERROR(ReadOption(Trim(options.substr(0, comma)), &user));
    options.remove_prefix(comma == std::string_view::npos ? options.size() : comma + 1);
  }
  return user;
}

// Where the line of a user is; npos: there is none.
struct Place {
  size_t begin = std::string_view::npos;
  size_t size = 0;
};
Place PlaceOf(std::string_view text, std::string_view name) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = TakeLine(&rest);
    if (Trim(NameOf(StatementOf(line))) == name) {
      return {static_cast<size_t>(line.data() - text.data()), line.size()};
    }
  }
  return {};
}

SecretBytes Joined(std::initializer_list<std::string_view> parts) {
  size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  SecretBytes joined(size);
  size_t at = 0;
  for (const std::string_view part : parts) {
    at += part.copy(joined.span().data() + at, part.size());
  }
  return joined;
}

absl::Status NoUser(std::string_view name) {
  return absl::NotFoundError(fmt::format("there is no user `{}`", name));
}

}  // namespace

bool IsUserName(std::string_view name) {
  const auto is_first = [](char c) { return IsDigit(c) || (c >= 'a' && c <= 'z'); };
  return !name.empty() && name.size() <= kUserBytesMax && is_first(name.front()) &&
         std::ranges::all_of(name, [is_first](char c) {
           return is_first(c) || c == '.' || c == '_' || c == '@' || c == '-';
         });
}

bool HasPassword(std::string_view hash) { return hash.starts_with('$'); }

absl::StatusOr<UserTable> ParseUsers(std::string_view text) {
  UserTable table;
  std::set<std::string, std::less<>> names;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view statement = StatementOf(TakeLine(&text));
    if (statement.empty()) continue;
    absl::StatusOr<User> user = ReadUser(statement);
    if (user.ok() && !names.insert(user->name).second) {
      user = absl::InvalidArgumentError(fmt::format("the user `{}` is there twice", user->name));
    }
    if (user.ok() && table.users.size() == kUsersMax) {
      user = absl::InvalidArgumentError(fmt::format("there are more than {} users", kUsersMax));
    }
    if (!user.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("line {}: {}", number, std::string(user.status().message())));
    }
    table.users.push_back(*std::move(user));
  }
  return table;
}

absl::StatusOr<SecretBytes> WithUser(std::string_view text, std::string_view name,
                                     std::string_view hash) {
  if (PlaceOf(text, name).begin != std::string_view::npos) {
    return absl::AlreadyExistsError(fmt::format("the user `{}` exists", name));
  }
  const std::string_view end = text.empty() || text.ends_with('\n') ? "" : "\n";
  return Joined({text, end, name, ":", hash, "::\n"});
}

absl::StatusOr<SecretBytes> WithoutUser(std::string_view text, std::string_view name) {
  const Place place = PlaceOf(text, name);
  if (place.begin == std::string_view::npos) return NoUser(name);
  return Joined({text.substr(0, place.begin), text.substr(place.begin + place.size)});
}

absl::StatusOr<SecretBytes> WithHash(std::string_view text, std::string_view name,
                                     std::string_view hash) {
  const Place place = PlaceOf(text, name);
  if (place.begin == std::string_view::npos) return NoUser(name);
  const size_t first = text.find(':', place.begin);
  const size_t second = text.find(':', first + 1);
  if (second == std::string_view::npos || second >= place.begin + place.size) {
    return absl::InvalidArgumentError(
        fmt::format("the line of user `{}` must be NAME:HASH:OTP:OPTIONS", name));
  }
  return Joined({text.substr(0, first + 1), hash, text.substr(second)});
}

}  // namespace ringwire::enrol
