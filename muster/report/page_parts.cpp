#include "muster/report/page_parts.h"

#include <fmt/format.h>

#include <array>

#include "muster/report/html_text.h"
#include "muster/report/page_assets.h"

namespace muster::inline report {

namespace {

// Runs before any other script and records script errors in the document's data-errors attribute.
constexpr std::string_view error_script =
    "addEventListener('error',e=>{const d=document.documentElement.dataset;"
    "d.errors=(d.errors||'')+String(e.message)+' | ';});";

}  // namespace

std::string boxed(std::string_view label, std::string_view table) {
  return fmt::format("<div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">{}</div>\n",
                     html_escaped(label), table);
}

std::string with_superscripts(std::string_view text) {
  constexpr std::array<std::string_view, 10> digits = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::string result;
  for (size_t at = 0; at < text.size(); ++at) {
    size_t end = at + 1;
    const bool minus = text[at] == '^' && end < text.size() && text[end] == '-';
    if (minus) ++end;
    const size_t first = end;
    while (text[at] == '^' && end < text.size() && is_digit(text[end])) ++end;
    if (end == first || text[at] != '^') {
      result += text[at];
      continue;
    }
    if (minus) result += "⁻";
    for (size_t i = first; i < end; ++i) result += digits[static_cast<size_t>(text[i] - '0')];
    at = end - 1;
  }
  return result;
}

std::string told_html(std::string_view text) {
  std::string html = html_escaped(with_superscripts(text));
  for (const std::string_view sign : {" %", " ± ", " MiB", " GiB", " KiB", " s ", " ms ", " rounds"})
    for (size_t at = html.find(sign); at != std::string::npos; at = html.find(sign, at + 1)) {
      html.replace(at, 1, "&nbsp;");
      if (sign == " ± ") html.replace(html.find(' ', at), 1, "&nbsp;");
    }
  return html;
}

std::string arm_heading(size_t number, std::string_view name) {
  return fmt::format("<span class=\"key\" data-arm=\"{}\"></span>{}", number, html_escaped(name));
}

std::string labelled_cell(std::string_view heading, std::string_view content, std::string_view look) {
  const std::string marked = look.empty() ? "" : fmt::format(" class=\"{}\"", look);
  return fmt::format("<td{} data-label=\"{}\">{}</td>", marked, html_escaped(heading), content);
}

std::string table_html(const ResultTable& table, std::string_view look, std::optional<size_t> best,
                       std::string_view mark) {
  std::string html = fmt::format("<table class=\"{}\"><thead><tr>", look);
  for (const std::string& heading : table.headings)
    html += fmt::format("<th scope=\"col\">{}</th>", html_escaped(heading));
  html += "</tr></thead><tbody>\n";
  for (size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    html += fmt::format("<tr><th scope=\"row\">{}</th>", arm_heading(r, row[0]));
    for (size_t c = 1; c < row.size(); ++c) {
      const bool marked = best && *best == r && c == 1;
      const std::string tag = marked ? fmt::format(" <span class=\"tag\">{}</span>", mark) : "";
      html += labelled_cell(table.headings[c], html_escaped(row[c]) + tag, marked ? "best" : "");
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table>";
}

std::string chart(std::string_view id, std::string_view title, std::string_view hint) {
  return fmt::format(
      "<figure class=\"card\"><figcaption><h3>{}</h3><p>{}</p></figcaption>"
      "<div class=\"chart\"><canvas data-chart=\"{}\" role=\"img\" "
      "aria-label=\"{}\"></canvas></div></figure>\n",
      title, hint, id, title);
}

std::string page_head(std::string_view title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{} · Muster</title>\n<link rel=\"icon\" "
      "href=\"data:,\">\n<style>\n{}</style>\n<script>{}</script>\n</head>\n",
      html_escaped(title), page_assets::style_css, error_script);
}

}  // namespace muster::inline report
