"""The rules that a new installation starts with judge what people really write."""

import pytest

from accounts.services.defaults import load_defaults as load_people
from customers.models import Product
from customers.services.defaults import load_defaults as load_catalog
from tests.factories.times import NOW
from tickets.models import Ticket
from tickets.services import classify
from tickets.services.defaults import load_defaults

pytestmark = pytest.mark.django_db

SAID = [
    # safety comes first
    ("我被锁在门外了", "major", "safety-locked"),
    ("洗衣机漏水，地上都是水", "major", "safety-water"),
    ("燃气热水器有燃气味", "major", "safety-gas"),
    ("烤箱冒烟了", "major", "safety-fire"),
    ("插座漏电，麻手", "major", "safety-shock"),
    ("怀疑摄像头被黑，有人偷看", "major", "privacy-intrusion"),
    ("gas leak in the kitchen", "major", "safety-gas"),
    ("my camera was hacked", "major", "privacy-intrusion"),
    # words of danger in harmless phrases
    ("热水器点不着火", "complex", "hardware-ignition"),
    ("漏电保护器跳闸了", "consult", ""),
    ("my smoke detector needs a new battery", "consult", ""),
    # faults
    ("门锁指纹识别不了", "simple", "hardware-fingerprint"),
    ("网关一直红灯离线", "simple", "connect-offline"),
    ("the lock is offline", "simple", "connect-offline"),
    ("摄像头连不上WiFi，配网失败", "simple", "connect-pairing"),
    ("空调不制冷，显示E3", "complex", "hardware-cooling"),
    ("空调外机噪音特别大", "simple", "hardware-noise"),
    ("洗衣机不排水，报E20", "simple", "hardware-water"),
    ("App闪退打不开", "simple", "software-crash"),
    ("固件升级失败", "complex", "software-firmware-failed"),
    ("场景不触发，回家模式没反应", "simple", "linkage-not-triggered"),
    ("宽带断网了，光猫红灯", "complex", "telecom-los"),
    ("网速特别慢，看视频卡", "simple", "telecom-slow"),
    # questions
    ("发票抬头开错了", "consult", "trade-invoice"),
    ("想退货，怎么退款", "consult", "trade-return"),
    ("快递什么时候到", "consult", "trade-logistics"),
    ("想换个时间上门", "consult", "service-reschedule"),
    ("空调移机多少钱", "consult", "service-move"),
    ("账号怎么分享给家人", "consult", "software-account"),
    ("保修期多久", "consult", "warranty"),
    ("携号转网怎么办理", "consult", "telecom-port"),
    ("我要投诉你们，客服态度太差", "complex", "feedback-complaint"),
    ("表扬一下昨天的师傅", "consult", "feedback-praise"),
    ("你好", "consult", ""),
]


@pytest.fixture(autouse=True)
def _shipped() -> None:
    load_people(NOW)
    load_catalog(NOW)
    load_defaults(NOW)


def test_what_people_write_is_judged_as_a_colleague_would() -> None:
    book = classify.Rulebook.read()
    judged = []
    for text, _grade, _category in SAID:
        verdict = classify.judge(Ticket(subject=text, symptom=text), book)
        judged.append((text, str(verdict.grade), verdict.category.code if verdict.category else ""))
    assert judged == SAID


def test_the_makers_table_of_codes_speaks_too() -> None:
    product = Product.objects.select_related("line").get(code="w10d")
    verdict = classify.judge(Ticket(subject="报错了", product=product, error_code="E20"))
    assert (str(verdict.grade), verdict.reason["rule"], verdict.reason["error_code"]) == (
        "simple",
        "error_code",
        "E20",
    )
