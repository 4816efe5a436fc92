"""What is odd but may be right stops nothing: it is taken as most would mean it, and the sender is asked."""

from __future__ import annotations

from datetime import date

import pytest

HEADERS = ["Tiêu đề", "Thể loại", "Kênh đăng", "Ngày đăng", "Đường dẫn / minh chứng", "Tác giả", "Lĩnh vực CCHC"]


def _hide(what):
    def edit(book):
        worksheet = book["Tin bài"]
        if what == "row":
            worksheet.row_dimensions[5].hidden = worksheet.row_dimensions[6].hidden = True
            worksheet.row_dimensions[90].hidden = True  # an empty one
        elif what == "column":
            worksheet.column_dimensions["G"].hidden = True
        else:
            worksheet.sheet_state = "hidden"

    return edit


def _filter(book):
    """Filtered rows are hidden rows to the file."""
    book["Tin bài"].auto_filter.ref = "A3:H204"
    book["Tin bài"].row_dimensions[6].hidden = True


def _another_sheet(book):
    book.create_sheet("Nháp")["B2"] = "việc cần làm"
    book.create_sheet("Trống")["B2"] = " "


def _another_column(book):
    book["Tin bài"]["I3"] = "Ghi chú của đơn vị"
    book["Tin bài"]["I5"] = "đã duyệt"
    book["Tin bài"]["J6"] = "xem lại"
    book["Tin bài"]["K100"] = "xa dòng nào"


def _rename(book):
    book["Tin bài"].title = "Sheet1"


def _misspell(book):
    book["Tin bài"]["D3"] = "Kênh đăngg bài"


def _total(book):
    book["Tin bài"]["A8"] = "TỔNG CỘNG"
    book["Tin bài"]["B8"] = "2 tin, bài"
    book["Tin bài"]["B9"] = "Tổng số tin trên Cổng"
    book["Tin bài"]["C9"] = 2


def _merge(book):
    book["Tin bài"].merge_cells("D5:D6")


def _lead_elsewhere(book):
    book["Tin bài"]["F5"].hyperlink = "https://phucloi.example/bai/khac"
    book["Tin bài"]["F5"].value = "https://phucloi.example/1"
    book["Tin bài"]["F6"].hyperlink = "https://phucloi.example/2"


QUESTIONS = [
    # code, what is typed into a good workbook and done to it, what the question says, the cells that are marked
    ("rows_hidden", {}, _hide("row"), ["Trang tính “Tin bài”: dòng 5–6 đang bị ẩn", "các dòng này được tính"], ["A5"]),
    ("rows_hidden", {}, _filter, ["dòng 6 đang bị ẩn (hoặc bị lọc)"], ["A6"]),
    ("columns_hidden", {}, _hide("column"), ["cột “Tác giả” đang bị ẩn"], ["G3"]),
    ("sheet_hidden", {}, _hide("sheet"), ["Trang tính “Tin bài” đang bị ẩn nhưng có 2 dòng"], []),
    ("sheets_ignored", {}, _another_sheet, ["trang tính “Nháp” ngoài biểu mẫu"], []),
    ("columns_ignored", {}, _another_column, ["cột “Ghi chú của đơn vị”, “J” do đơn vị thêm"], ["I3", "J3"]),
    ("sheet_taken_as", {}, _rename, ["“Sheet1”", "hiểu đây là trang “Tin bài”"], []),
    ("columns_taken_as", {}, _misspell, ["cột “Kênh đăngg bài” là “Kênh đăng”"], ["D3"]),
    ("total_rows_left_out", {}, _total, ["dòng 8–9 là dòng cộng nên không tính"], ["A8"]),
    ("cells_merged", {}, _merge, ["có ô gộp D5:D6", "mọi dòng trong ô gộp đều có nội dung đó"], ["D5"]),
    (
        "link_leads_elsewhere",
        {},
        _lead_elsewhere,
        ["ô F5 là https://phucloi.example/1 (không phải https://phuc"],
        ["F5"],
    ),
    (
        "date_year_added",
        {"published": "2/3"},
        None,
        ["cột “Ngày đăng”: ngày ghi thiếu năm", "ô E5 là 02/3/2026, ô E6"],
        ["E5", "E6"],
    ),
    ("number_grouped", {"participants": "1.361"}, None, ["ô F5 ghi “1.361” là 1361"], ["F5"]),
    ("number_large", {"participants": 10361}, None, ["số lớn khác thường", "ô F5 là 10361"], ["F5"]),
]


@pytest.mark.parametrize(("code", "typed", "edit", "said", "marked"), QUESTIONS)
def test_what_is_odd_is_taken_and_asked_about(desk, post, activity, code, typed, edit, said, marked):
    about_posts = {key: value for key, value in typed.items() if key in post}
    posts = [post | about_posts | {"title": f"Bài {n}", "link": f"https://phucloi.example/{n}"} for n in (1, 2)]
    about_activities = {key: value for key, value in typed.items() if key in activity}
    data = desk.filled(posts=posts, activities=[activity | about_activities])
    reading = desk.read(desk.edited(edit, data) if edit else data)
    assert reading.problems == ()
    assert [one.title for one in reading.content.posts] == ["Bài 1", "Bài 2"]
    assert [one.channel for one in reading.content.posts] == ["portal", "portal"]
    assert [question.code for question in reading.questions] == [code]
    [question] = reading.questions
    sentence = desk.words.sentence(question)
    for words in said:
        assert words in sentence
    assert "ệ thống hiểu" in sentence
    assert "nếu không đúng, đề nghị" in sentence
    assert sentence.endswith("rồi gửi lại.")
    assert [one["cell"] for one in question.params.get("cells", ())] == marked


def test_a_good_workbook_raises_no_question(desk, post, activity):
    assert desk.read(desk.filled(posts=[post], activities=[activity])).questions == ()
    assert desk.read(desk.built).questions == ()


def test_cells_of_a_column_that_ask_the_same_are_one_question(desk, post):
    rows = [post | {"title": f"Bài {n}", "link": f"https://a.example/{n}", "published": "2/3"} for n in range(12)]
    [question] = desk.read(desk.filled(posts=rows)).questions
    assert [one["cell"] for one in question.params["cells"]] == [f"E{row}" for row in range(5, 17)]
    assert "và tương tự với 7 ô khác" in desk.words.sentence(question)


# --- What is understood without a question


def test_where_a_link_leads_counts_when_the_cell_shows_words(desk, post):
    def edit(book):
        cell = book["Tin bài"]["F5"]
        cell.hyperlink = "https://phucloi.example/bai/1?id=7&x=1"
        cell.value = "Xem bài"

    reading = desk.read(desk.edited(edit, desk.filled(posts=[post])))
    assert (reading.problems, reading.questions) == ((), ())
    assert reading.content.posts[0].link == "https://phucloi.example/bai/1?id=7&x=1"


def test_a_link_made_by_a_formula_is_followed_too(desk, post):
    formula = '=HYPERLINK("https://phucloi.example/bai/1?id=7&x=1","Xem bài")'
    data = desk.edited(lambda book: setattr(book["Tin bài"]["F5"], "value", formula), desk.filled(posts=[post]))
    data = desk.calculated(data, "F5", "Xem bài")
    assert desk.read(data).content.posts[0].link == "https://phucloi.example/bai/1?id=7&x=1"


@pytest.mark.parametrize("target", ["javascript:alert(1)", "mailto:a@phucloi.example", "file:///C:/bai.docx"])
def test_a_link_to_anything_but_the_web_is_no_link(desk, post, target):
    def edit(book):
        book["Tin bài"]["F5"].hyperlink = target
        book["Tin bài"]["F5"].value = "Xem bài"

    assert desk.codes(desk.edited(edit, desk.filled(posts=[post]))) == ["link_not_web"]


def test_a_log_with_several_links_is_taken_for_one_piece_and_asked_about(desk, post):
    links = "https://phucloi.example/so-1; https://phucloi.example/so-2"
    reading = desk.read(desk.filled(posts=[post | {"channel": "Đài truyền thanh phường", "link": links}]))
    assert (reading.problems, [one.link for one in reading.content.posts]) == ((), [links])
    [question] = reading.questions
    assert question.code == "log_of_several_links"
    assert "ô F5 ghi nhiều đường dẫn. Hệ thống hiểu" in desk.words.sentence(question)


def test_where_a_cell_leads_does_not_hide_that_it_shows_several_links(desk, post):
    def edit(book):
        book["Tin bài"]["F5"].hyperlink = "https://phucloi.example/bai/1"
        book["Tin bài"]["F5"].value = "https://phucloi.example/bai/1; https://phucloi.example/bai/2"

    assert desk.codes(desk.edited(edit, desk.filled(posts=[post]))) == ["link_several"]


@pytest.mark.parametrize(
    "names",
    [
        [name.upper() for name in HEADERS],
        ["Tieu de", "The loai", "Kenh dang", "Ngay dang", "Duong dan/minh chung", "Tac gia", "Linh vuc CCHC"],
        ["Tên tin, bài", "Loại hình", "Nơi đăng", "Thời gian đăng", "Link", "Người viết", "Lĩnh vực"],
        [f"{number}. {name} (*)".partition(". ")[2] for number, name in enumerate(HEADERS)],
    ],
)
def test_headers_are_known_by_their_other_names_and_spellings(desk, post, names):
    def edit(book):
        for cell, name in zip(book["Tin bài"][3][1:], names, strict=True):
            cell.value = name

    reading = desk.read(desk.edited(edit, desk.filled(posts=[post])))
    assert (reading.problems, reading.questions) == ((), ())
    assert reading.content == desk.read(desk.filled(posts=[post])).content


def test_columns_in_another_order_are_read_by_their_headers(desk, post):
    def edit(book):
        worksheet = book["Tin bài"]
        for row in worksheet["B3:H5"]:
            for cell, value in zip(row, reversed([cell.value for cell in row]), strict=True):
                cell.value = value

    good = desk.read(desk.filled(posts=[post])).content
    assert desk.read(desk.edited(edit, desk.filled(posts=[post]))).content == good


def test_a_merged_number_counts_once_and_a_merged_text_in_every_row(desk, activity):
    def edit(book):
        book["Hoạt động"].merge_cells("E5:E6")
        book["Hoạt động"].merge_cells("F5:F6")

    second = activity | {"title": "Đối thoại", "place": None, "participants": None}
    reading = desk.read(desk.edited(edit, desk.filled(activities=[activity, second])))
    assert reading.problems == ()
    assert [(one.place, one.participants) for one in reading.content.activities] == [
        ("Hội trường", 42),
        ("Hội trường", None),
    ]


def test_a_record_merged_over_two_rows_is_one_record(desk, post):
    def edit(book):
        for column in "BCDEFGH":
            book["Tin bài"].merge_cells(f"{column}5:{column}6")

    reading = desk.read(desk.edited(edit, desk.filled(posts=[post])))
    assert (reading.problems, reading.questions) == ((), ())
    assert [one.row for one in reading.content.posts] == [5]


def test_a_merge_across_columns_leaves_the_others_empty_and_says_which(desk, post):
    data = desk.edited(lambda book: book["Tin bài"].merge_cells("C5:D5"), desk.filled(posts=[post]))
    [problem] = desk.read(data).problems
    assert (problem.code, problem.params["cell"]) == ("value_missing", "D5")


def test_repeated_headers_dashes_and_strays_are_passed_over(desk, post, activity):
    def edit(book):
        worksheet = book["Tin bài"]
        for column, name in zip("BCDEFGH", HEADERS, strict=True):
            worksheet[f"{column}30"] = f"{name} (*)"
        worksheet["B60"], worksheet["C900"], worksheet["D901"] = "-", " . ", "\u00a0"

    rows = [post, post | {"title": "Bài hai", "link": "https://phucloi.example/2", "author": "–"}]
    data = desk.filled(posts=rows, activities=[activity | {"participants": "-"}])
    reading = desk.read(desk.edited(edit, data))
    assert (reading.problems, reading.questions) == ((), ())
    assert [one.author for one in reading.content.posts] == ["Trần Thu Hà", ""]
    assert reading.content.activities[0].participants is None


def test_a_dash_in_a_required_column_is_nothing(desk, post):
    assert desk.codes(desk.filled(posts=[post | {"title": "---"}])) == ["value_missing"]


@pytest.mark.parametrize(
    ("title", "is_total"),
    [
        ("TỔNG CỘNG", True),
        ("Cộng:", True),
        ("Tổng số (I+II)", True),
        ("Tổng số 12", True),
        ("Tổng số tin, bài trong quý", True),
        ("Cộng tác viên", False),
        ("Tổngkết", False),
    ],
)
def test_a_total_row_is_known_by_its_words_and_by_what_it_lacks(desk, post, title, is_total):
    row = dict.fromkeys(post) | {"title": title, "form": 3}
    reading = desk.read(desk.filled(posts=[post, row]))
    assert bool(reading.problems) is not is_total
    full = post | {"title": title, "link": "https://phucloi.example/9"}
    assert [one.title for one in desk.read(desk.filled(posts=[full])).content.posts] == [title]


def test_a_day_on_which_nobody_works_is_a_day(desk, activity):
    assert desk.read(desk.filled(activities=[activity | {"held": date(2026, 3, 8)}])).questions == ()
