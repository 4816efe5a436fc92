"""What a unit sees and can do by its link. On Wednesday 11/3/2026; units are due Friday, the quarter locks Monday."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import quote

import pytest
from openpyxl import load_workbook
from visiting import PLAN, Portal, shown

from dinhky.domain.assignment import State
from dinhky.intake.receive import receive
from dinhky.rounds.contests import close_entries, open_phase
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import open_round
from dinhky.rounds.reporting import record_decision
from dinhky.workbook.sample import fill

QUARTER, MARCH = f"{PLAN}/PL-5/2026-Q1", f"{PLAN}/PL-2/2026-03"
POST = {
    "channel": "portal",
    "title": "Phường Phúc Lợi trả kết quả tại nhà",
    "published": "2026-03-10",
    "evidence": "https://phucloi.example/tin/tra-ket-qua-tai-nha-12.html",
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


@pytest.fixture
def with_posts(commune, portal) -> Portal:
    """March's posts are open too: the two writers of the rota are vhxh and vp, one item each."""
    commune.open(MARCH)
    return portal


def workbook(portal: Portal, round_id: str, unit: str, **rows: list) -> bytes:
    """The unit's workbook as downloaded from its page, filled in."""
    _, ref, period = round_id.split("/")
    got = portal.client.get(f"/u/{portal.token(unit)}/{ref}/{period}/workbook")
    assert got.status_code == 200
    return fill(got.content, rows)


# What is owed


def test_what_is_owed_stands_first_by_due_date_with_how_long_there_is(with_posts):
    page = with_posts.page("vp")
    lines = page.splitlines()
    assert lines[0] == "Đơn vị có 2 việc cần làm"
    assert lines[1] == "Gần nhất: thứ Sáu, 13/3/2026, còn 2 ngày làm việc."
    assert page.index("Báo cáo công tác") < page.index("Tuyên truyền kết quả CCHC")
    assert "thứ Ba, 31/3/2026, còn 14 ngày làm việc" in page
    assert "0/1 tin, bài" in page


@pytest.mark.parametrize(
    ("moment", "light", "due"),
    [
        ("03-06T09:00", "Còn thời gian", "thứ Sáu, 13/3/2026, còn 5 ngày làm việc"),
        ("03-11T09:00", "Sắp đến hạn", "thứ Sáu, 13/3/2026, còn 2 ngày làm việc"),
        ("03-13T22:00", "Hôm nay là hạn", "hôm nay, thứ Sáu, 13/3/2026"),
        ("03-14T08:00", "Quá hạn", "hạn thứ Sáu, 13/3/2026, đã quá hạn; vẫn nhận đến 10:00 thứ Hai, 16/3/2026"),
    ],
)
def test_the_light_says_in_words_too_how_pressing_it_is(portal, moment, light, due):
    portal.now = at(moment)
    page = portal.page("vp", "/PL-5/2026-Q1")
    assert light in page
    assert due in page
    assert "từ 15/12/2025 đến hết 14/3/2026" in page


@pytest.mark.parametrize(
    ("moment", "waived", "said"),
    [
        ("03-11T09:00", True, "Được miễn: Đang sắp xếp lại"),
        ("03-16T10:01", False, "Đã khóa, chưa nộp"),
    ],
)
def test_who_was_let_off_or_whose_round_is_closed_owes_nothing(portal, commune, moment, waived, said):
    if waived:
        commune.waive("vp", QUARTER, at("03-10T09:00"))
    portal.now = at(moment)
    home = portal.page("vp")
    assert "Hiện không còn việc nào cần làm" in home
    assert said in home


def test_what_was_over_before_the_system_began_is_not_owed(new_commune):
    portal = Portal(new_commune.office, now=at("04-20T09:00"))
    open_round(new_commune.office, QUARTER, at("04-20T08:00"))
    assert "Hiện không còn việc nào cần làm" in portal.page("vp")
    assert "Đợt đã khóa trước khi hệ thống bắt đầu theo dõi, không phải nộp" in portal.page("vp", "/PL-5/2026-Q1")


def test_an_edited_plan_counts_at_the_next_request(portal):
    plan = portal.office.plans[PLAN]
    renamed = tuple(replace(unit, name="Văn phòng Ủy ban") if unit.code == "vp" else unit for unit in plan.units)
    portal.office = replace(portal.office, plans={PLAN: replace(plan, units=renamed)})
    assert "Văn phòng Ủy ban" in portal.client.get(f"/u/{portal.token('vp')}").text


# A file and its answer


def test_the_workbook_is_the_units_own_under_a_name_that_says_so(portal):
    got = portal.client.get(f"/u/{portal.token('vp')}/PL-5/2026-Q1/workbook")
    assert got.headers["content-disposition"].startswith('attachment; filename="Bieu-so-lieu_PL-5_2026-Q1_vp.xlsx"')
    assert portal.office.workbooks.identity(got.content)[0].unit == "vp"


def test_a_good_file_is_answered_on_the_spot_and_counted(portal, commune):
    answer = portal.send("vp", commune.sample["vp"][-1].data)
    assert [one.status_code for one in answer.history] == [303]
    assert answer.url.path.endswith("/PL-5/2026-Q1")
    page = shown(answer.text)
    assert "Đã ghi nhận" in page
    assert "Tệp “biểu số liệu.xlsx”, lần nộp 1, lúc 09:00 thứ Tư, 11/3/2026." in page
    assert re.search(r"\d+ tin, bài", page)
    assert commune.assignment("vp").state is State.ACCEPTED
    with commune.office.ledger.snapshot() as ledger:
        [submission] = ledger.submissions_of(QUARTER, "vp")
    assert submission.route == "web"
    assert "Hiện không còn việc nào cần làm" in portal.page("vp")


def test_a_wrong_file_is_answered_place_by_place_and_goes_back_with_them_marked(portal, commune):
    answer = portal.send("kthtdt", commune.sample["kthtdt"][0].data)
    page = shown(answer.text)
    with commune.office.ledger.snapshot() as ledger:
        [submission] = ledger.submissions_of(QUARTER, "kthtdt")
    assert submission.problems
    assert f"Chưa ghi nhận: đề nghị sửa {len(submission.problems)} điểm" in page
    for problem in submission.problems:
        assert " ".join(portal.office.words.sentence(problem).split()) in page
    if submission.answer_sha256:
        marked = portal.client.get(f"/u/{portal.token('kthtdt')}/PL-5/2026-Q1/1/marked")
        assert marked.content == commune.office.files.get(submission.answer_sha256)
    assert "Được trả lại để sửa" in page


def test_the_same_file_again_has_the_same_answer_and_no_number_of_its_own(portal, commune):
    for _ in range(2):
        answer = portal.send("vp", commune.sample["vp"][-1].data)
    assert "Đúng tệp này đã được nhận trước đó" in answer.text
    assert portal.client.get(f"/u/{portal.token('vp')}/PL-5/2026-Q1?answer=2").text.count('id="answer"') == 0


@pytest.mark.parametrize("data", [b"", b"no workbook", b"PK\x03\x04 and then nothing"])
def test_what_is_no_workbook_is_refused_with_the_reason_and_the_form_stays(portal, data):
    answer = portal.send("vp", data, name="bao cao.doc")
    assert answer.status_code == 422
    page = shown(answer.text)
    assert "Chưa ghi nhận được tệp “bao cao.doc”" in page
    assert "Thả tệp vào đây" in page


def test_another_units_file_is_refused(portal, commune):
    answer = portal.send("mttq", commune.sample["vp"][-1].data)
    assert "Đã ghi nhận" not in answer.text
    assert commune.assignment("vp").state is State.OPEN
    assert commune.assignment("mttq").state is not State.ACCEPTED


def test_a_file_after_the_lock_waits_for_a_decision_and_says_so(portal, commune):
    portal.now = at("03-16T10:01")
    page = shown(portal.send("vp", commune.sample["vp"][-1].data).text)
    assert "Đã nhận, chờ cán bộ quyết định" in page
    assert "được giữ lại chờ Phòng Văn hóa - Xã hội quyết định" in page


def test_pressing_send_without_a_file_says_what_to_do(portal):
    answer = portal.client.post(f"/u/{portal.token('vp')}/files", data={"a": "b"})
    assert (answer.status_code, "Chưa chọn tệp nào" in answer.text) == (422, True)


def test_what_was_sent_before_is_listed_newest_first_and_can_be_had_again(portal, commune):
    first, second = commune.sample["kthtdt"][0].data, commune.sample["kthtdt"][1].data
    portal.send("kthtdt", first, name="lần đầu.xlsx")
    page = shown(portal.send("kthtdt", second, name="lần hai.xlsx").text)
    assert page.index("Lần 2: đã ghi nhận") < page.index("Lần 1: trả lại để sửa")
    base = f"/u/{portal.token('kthtdt')}/PL-5/2026-Q1"
    again = portal.client.get(f"{base}/1/file")
    assert again.content == first
    assert again.headers["content-disposition"].endswith(f"filename*=UTF-8''{quote('lần đầu.xlsx')}")
    assert "đề nghị sửa" in portal.client.get(f"{base}?answer=1").text
    assert portal.client.get(f"{base}/3/file").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>.xlsx",
        '"><img src=x onerror=alert(1)>.xlsx',
        "a'b\"c.xlsx",
        "..\\..\\con.xlsx",
        "../../etc/passwd",
        "tệp\u202excod.xlsx",
        "a\r\nSet-Cookie: x=y.xlsx",
        "{{ 7 * 7 }}.xlsx",
        "%00%0d%0a.xlsx",
        "😀" * 90 + ".xlsx",
        ".",
        "đ" * 300,
    ],
)
def test_no_file_name_steers_a_page_a_head_or_a_path(portal, commune, name):
    answer = portal.send("vp", commune.sample["vp"][-1].data, name=name)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text
    assert "\u202e" not in answer.text
    assert "49.xlsx" not in answer.text
    file = portal.client.get(f"/u/{portal.token('vp')}/PL-5/2026-Q1/1/file")
    head = file.headers["content-disposition"]
    assert head.startswith('attachment; filename="')
    assert not set("\r\n/\\") & set(head)
    assert "set-cookie" not in file.headers


def test_a_name_too_long_for_a_form_is_answered_with_a_page(portal, commune):
    answer = portal.send("vp", commune.sample["vp"][-1].data, name="đ" * 9000)
    assert (answer.status_code, "không đọc được" in answer.text) == (400, True)


def test_no_text_of_a_cell_steers_a_page(portal):
    evil = "<script>alert('x')</script>\u202e{{ 7 * 7 }}"
    data = workbook(
        portal, QUARTER, "vp", posts=[{"title": evil, "form": evil, "channel": evil, "published": evil, "link": evil}]
    )
    answer = portal.send("vp", data)
    assert "điểm" in answer.text
    assert "&lt;script&gt;" in answer.text
    assert not re.search("<script>|\u202e|49", answer.text[answer.text.index("<main") :].replace("2026", ""))


# Posts


def told(portal: Portal, unit: str = "vp", path: str = "/PL-2/2026-03", **changed: str):
    return portal.client.post(f"/u/{portal.token(unit)}{path}/posts", data=POST | changed)


def test_one_post_is_told_and_the_tally_shown_at_once(with_posts, commune):
    answer = told(with_posts)
    assert [one.status_code for one in answer.history] == [303]
    page = shown(answer.text)
    assert "Đã ghi nhận. Hiện có 1/1 tin, bài." in page
    assert "Phường Phúc Lợi trả kết quả tại nhà" in page
    assert commune.assignment("vp", MARCH).state is State.ACCEPTED
    assert commune.assignment("vhxh", MARCH).state is State.OPEN


def test_a_post_told_twice_counts_once_and_that_is_said(with_posts):
    told(with_posts)
    assert "đã được báo trước đó, số đếm không đổi: 1/1" in shown(told(with_posts).text)
    double = shown(told(with_posts, evidence=POST["evidence"] + "?fbclid=1", title="Tiêu đề khác").text)
    assert "không tính thêm: trùng đường dẫn hoặc tiêu đề" in double
    assert "không tính thêm: trùng với tin, bài đã báo trước" in double


def test_a_post_that_another_unit_told_before_is_not_counted_and_nothing_of_that_unit_is_told(with_posts):
    told(with_posts, "vhxh", title="Bí mật của phòng khác")
    page = shown(told(with_posts).text)
    assert "không tính thêm" in page
    assert "Bí mật" not in page


def test_a_post_of_another_month_is_recorded_and_said_not_to_count_here(with_posts):
    page = shown(told(with_posts, published="2026-02-20").text)
    assert "ngày đăng ngoài thời gian số liệu của kỳ này nên không tính vào tháng 3/2026" in page


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": " "}, "Vui lòng ghi tiêu đề"),
        ({"published": ""}, "Vui lòng ghi ngày đăng"),
        ({"published": "10/3/2026"}, "Vui lòng ghi ngày đăng"),
        ({"published": "2026-03-12"}, "chưa tới"),
        ({"published": "2024-03-12"}, "không thuộc kế hoạch năm 2026"),
        ({"evidence": ""}, "Vui lòng ghi đường dẫn"),
        ({"evidence": "phucloi chấm vn"}, "không phải là một đường dẫn"),
        ({"evidence": "javascript:alert(1)"}, "không phải là một đường dẫn"),
        ({"channel": "radio"}, "Kế hoạch không có kênh “radio”"),
        ({"channel": ""}, "Kế hoạch không có kênh"),
        ({"field": "Không có thật"}, "không có lĩnh vực"),
        ({"title": "x" * 301}, "nhiều nhất 300 ký tự"),
    ],
)
def test_what_cannot_be_recorded_is_said_beside_the_form_which_keeps_what_was_typed(with_posts, commune, changed, said):
    answer = told(with_posts, **changed)
    assert answer.status_code == 422
    assert said in shown(answer.text)
    if changed.get("title") is None:
        assert f'value="{POST["title"]}"' in answer.text
    assert commune.assignment("vp", MARCH).state is State.OPEN


def test_a_broadcast_is_told_by_a_line_of_the_log(commune, portal):
    commune.open(f"{PLAN}/PL-3/2026-03")
    asked = portal.office.rounds[f"{PLAN}/PL-3/2026-03"].asked[0]
    page = shown(
        told(
            portal, asked, "/PL-3/2026-03", channel="radio", evidence="Phát 17 giờ 00 ngày 10/3", evidence_kind="log"
        ).text
    )
    assert "Phát 17 giờ 00 ngày 10/3" in page
    assert re.search(r"Hiện có 1/\d+ tin, bài", page)


def test_a_post_is_not_taken_where_none_are_counted_or_the_round_is_over(with_posts):
    assert "không nhận báo từng tin, bài" in told(with_posts, path="/PL-5/2026-Q1").text
    with_posts.now = at("04-04T09:00")
    assert "đợt đã khóa" in told(with_posts, published="2026-03-10").text
    assert "Báo một tin, bài" not in with_posts.page("vp", "/PL-2/2026-03")


# Nothing to report


def nothing(portal: Portal, unit: str, path: str = "/PL-5/2026-Q1", reason: str = "Không có tin, bài"):
    return portal.client.post(f"/u/{portal.token(unit)}{path}/nothing", data={"reason": reason})


def test_nothing_to_report_with_a_reason_is_an_answer(portal, commune):
    page = shown(nothing(portal, "vp").text)
    assert "Đã ghi nhận: không phát sinh trong kỳ." in page
    assert (commune.assignment("vp").state, commune.assignment("vp").reason) == (State.NIL, "Không có tin, bài")
    assert [event["actor"] for event in commune.events() if event["kind"] == "assignment_nil"] == ["vp"]


@pytest.mark.parametrize("reason", ["", "   ", "\u200b\u202e"])
def test_without_a_reason_it_is_none(portal, commune, reason):
    answer = nothing(portal, "vp", reason=reason)
    assert (answer.status_code, "Vui lòng ghi lý do" in answer.text) == (422, True)
    assert commune.assignment("vp").state is State.OPEN


def test_of_a_quota_too_there_may_be_nothing_to_report_unless_something_was_told(with_posts, commune):
    assert "không phát sinh trong kỳ" in nothing(with_posts, "vp", "/PL-2/2026-03").text
    assert commune.assignment("vp", MARCH).state is State.NIL
    told(with_posts, "vhxh")
    assert "không nhận báo không phát sinh" in nothing(with_posts, "vhxh", "/PL-2/2026-03").text


def test_it_is_no_answer_once_the_unit_has_answered_or_the_round_is_over(portal, commune):
    commune.answer("vp", at("03-11T08:00"))
    assert "không nhận báo không phát sinh" in nothing(portal, "vp").text
    assert commune.assignment("vp").state is State.ACCEPTED
    portal.now = at("03-16T10:01")
    assert "đợt đã khóa" in nothing(portal, "mttq").text
    assert commune.assignment("mttq").state is State.OPEN


@pytest.mark.parametrize("form", ["/files", "/PL-5/2026-Q1/posts", "/PL-5/2026-Q1/nothing"])
def test_loading_the_address_of_a_form_again_leads_back_to_its_page(portal, form):
    answer = portal.client.get(f"/u/{portal.token('vp')}{form}")
    assert answer.status_code == 200
    assert answer.url.path in {f"/u/{portal.token('vp')}", f"/u/{portal.token('vp')}/PL-5/2026-Q1"}


# Other kinds of duty


def test_a_product_is_proved_by_its_form(new_commune):
    new_commune.open(f"{PLAN}/PL-1/2026")
    portal = Portal(new_commune.office, now=at("03-05T09:00"))
    page = portal.page("vhxh", "/PL-1/2026")
    assert "Sản phẩm" in page
    assert "Hôm nay là hạn" in page
    proof = [{"title": "Kế hoạch tuyên truyền", "number": "12/KH-UBND", "issued": date(2026, 3, 5)}]
    answer = portal.send("vhxh", workbook(portal, f"{PLAN}/PL-1/2026", "vhxh", evidence=proof))
    assert "1 kết quả" in shown(answer.text)
    assert new_commune.assignment("vhxh", f"{PLAN}/PL-1/2026").state is State.ACCEPTED


def test_a_juror_is_addressed_as_a_person_and_sends_scores_by_the_same_page(new_commune):
    entries, preliminary = (f"{PLAN}/PL-6.{phase}/2026" for phase in ("entries", "preliminary"))
    office = new_commune.office
    portal = Portal(office, now=at("04-02T09:00"))
    open_phase(office, entries, at("03-17T07:30"))
    assert "tham gia là tự nguyện" in portal.page("tdp", "/PL-6.entries/2026")
    rows = [{"title": f"Ý tưởng {n}", "author": "Lê Văn Mẫu", "summary": "Tóm tắt"} for n in (1, 2)]
    assert "2 bài dự thi" in shown(portal.send("tdp", workbook(portal, entries, "tdp", entries=rows)).text)
    version = close_entries(office, entries, at("04-11T00:05"))
    record_decision(office, version.id, approved=True, comment="", by="lanhdao", at=at("04-13T08:00"))
    open_phase(office, preliminary, at("04-13T08:05"))
    portal.now = at("04-14T09:00")
    html = portal.client.get(f"/u/{portal.token('gk1')}").text
    assert "Ông/Bà " in html
    assert "Đơn vị có" not in html
    points = {"points.novelty": 20, "points.feasibility": "21,5", "points.effect": 15, "points.reach": 10}
    sheet = workbook(portal, preliminary, "gk1", scores=[points, points])
    assert "2 bài đã chấm" in shown(portal.send("gk1", sheet).text)
    assert new_commune.assignment("gk1", preliminary).state is State.ACCEPTED
    other = portal.client.get(f"/u/{portal.token('gk2')}/PL-6.preliminary/2026").text
    assert "20" not in shown(other).replace("2026", ""), "no juror learns another's points"


def test_a_post_told_on_the_page_stands_in_the_quarters_workbook(with_posts):
    """So that nobody types it a second time: see `prefilled_for`."""
    told(with_posts)
    got = with_posts.client.get(f"/u/{with_posts.token('vp')}/PL-5/2026-Q1/workbook").content
    cells = [
        str(cell.value)
        for sheet in load_workbook(io.BytesIO(got))
        for row in sheet.iter_rows()
        for cell in row
        if cell.value
    ]
    assert POST["title"] in cells


def test_files_by_another_route_are_listed_too(portal, commune):
    receive(
        commune.office,
        commune.sample["vp"][-1].data,
        file_name="thư.xlsx",
        unit_code="vp",
        now=at("03-10T09:00"),
        route="email",
    )
    assert "Lần 1: đã ghi nhận" in portal.page("vp", "/PL-5/2026-Q1")
    assert round_of(commune.office, QUARTER)
