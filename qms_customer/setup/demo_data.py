"""The demo company as data: its people, what it makes, whom it sells to."""

from dataclasses import dataclass

from qms_customer.rules import people as roles

DOMAIN = "linglong-medical.example"
COMPANY = "Linglong Medical Devices Co"
ABBR = "LL"


@dataclass(frozen=True)
class Person:
	"""Somebody who works here: login, name, roles of ours and of ERPNext, language of the Desk."""

	key: str
	name: str
	title: str
	ours: tuple[str, ...]
	erp: tuple[str, ...] = ()
	language: str = "en"

	@property
	def email(self) -> str:
		"""The login."""
		return f"{self.key}@{DOMAIN}"


_SELLS = ("Sales User",)
_MANAGES_SALES = ("Sales User", "Sales Manager", "Sales Master Manager")

PEOPLE = (
	Person("sales", "李娜 Li Na", "Sales", (roles.SALES_USER,), _SELLS),
	Person("sales2", "王磊 Wang Lei", "Sales, second person", (roles.SALES_USER,), _SELLS, "zh"),
	Person("manager", "陈静 Chen Jing", "Business Manager", (roles.BUSINESS_MANAGER,), _MANAGES_SALES),
	Person("vp", "张伟 Zhang Wei", "Sales VP", (roles.SALES_VP,), _MANAGES_SALES),
	Person("gm", "刘洋 Liu Yang", "General Manager", (roles.GENERAL_MANAGER,), _MANAGES_SALES, "zh"),
	Person("rnd", "赵敏 Zhao Min", "R&D", (roles.RND,), ("Item Manager", "Manufacturing User")),
	Person("quality", "孙莉 Sun Li", "Quality", (roles.QUALITY,), ("Quality Manager",), "zh"),
	Person(
		"production",
		"周强 Zhou Qiang",
		"Production",
		(roles.PRODUCTION,),
		("Manufacturing User", "Manufacturing Manager", "Stock User"),
		"zh",
	),
	Person("pmc", "吴芳 Wu Fang", "Planning (PMC)", (roles.PLANNING,), ("Manufacturing User", "Stock User")),
	Person(
		"purchasing", "郑浩 Zheng Hao", "Purchasing", (roles.PURCHASING,), ("Purchase User", "Stock User")
	),
	Person("finance", "冯雪 Feng Xue", "Finance", (roles.FINANCE,), ("Accounts User", "Accounts Manager")),
	Person(
		"mr",
		"许明 Xu Ming",
		"Management Representative",
		(roles.MANAGEMENT_REPRESENTATIVE,),
		("Quality Manager",),
	),
	Person("service", "何勇 He Yong", "Service", (roles.SERVICE,), ("Support Team", "Maintenance User")),
	Person("auditor", "邓丽 Deng Li", "Auditor, reads only", (roles.AUDITOR,), ("Auditor",), "zh"),
	Person("warehouse", "高峰 Gao Feng", "Warehouse (no role of ours)", (), ("Stock User", "Stock Manager")),
)


@dataclass(frozen=True)
class Standard:
	"""An enterprise standard; `start` and `end` are days from today."""

	number: str
	version: str
	title: str
	start: int
	end: int


STANDARDS = (
	Standard("Q/LL 001", "B/1", "输液泵 Infusion pumps", -400, 1400),
	Standard("Q/LL 002", "A/3", "注射泵 Syringe pumps", -300, 1500),
	Standard("Q/LL 003", "A/1", "病人监护仪 Patient monitors", -200, 1600),
	Standard("Q/LL 004", "A/0", "医用雾化器 Nebulizers", -1900, -75),
	Standard("Q/LL 006", "C/0", "一次性输液器 Infusion sets", -500, 1300),
)


@dataclass(frozen=True)
class Product:
	"""A product: `standard` is the number of its enterprise standard, "" if none is recorded."""

	code: str
	name: str
	standard: str
	lead_time: int
	stock: int
	cost: float
	parts: tuple[tuple[str, float], ...] = ()
	minutes: int = 0


PRODUCTS = (
	Product(
		"LL-IP10",
		"输液泵 Infusion Pump IP-10",
		"Q/LL 001",
		20,
		60,
		2400,
		(("LL-R-PCB", 1), ("LL-R-MOTOR", 1), ("LL-R-CASE", 1), ("LL-R-BATT", 1)),
		45,
	),
	Product(
		"LL-SP20",
		"注射泵 Syringe Pump SP-20",
		"Q/LL 002",
		25,
		0,
		2100,
		(("LL-R-PCB", 1), ("LL-R-MOTOR", 2), ("LL-R-CASE", 1), ("LL-R-BATT", 1)),
		50,
	),
	Product(
		"LL-PM30",
		"病人监护仪 Patient Monitor PM-30",
		"Q/LL 003",
		30,
		12,
		7600,
		(("LL-R-PCB", 2), ("LL-R-LCD", 1), ("LL-R-CASE", 1), ("LL-R-BATT", 2)),
		90,
	),
	Product("LL-NB40", "医用雾化器 Nebulizer NB-40 (standard expired)", "Q/LL 004", 15, 80, 320),
	Product("LL-TH50", "红外额温枪 Infrared Thermometer TH-50 (no standard)", "", 10, 0, 95),
	Product("LL-IS60", "一次性输液器 Infusion Set IS-60", "Q/LL 006", 7, 5000, 3),
)

PARTS = (
	("LL-R-PCB", "主控板 Main Board", 380),
	("LL-R-MOTOR", "步进电机 Stepper Motor", 260),
	("LL-R-CASE", "外壳 Housing", 140),
	("LL-R-LCD", "液晶屏 LCD Display", 900),
	("LL-R-BATT", "锂电池 Lithium Battery", 160),
)

# (workstation, operation, share of the product's minutes)
ROUTE = (
	("Assembly Line 装配线", "Assembly 装配", 0.6),
	("Test Bench 测试台", "Test 检测", 0.3),
	("Packing Station 包装台", "Packing 包装", 0.1),
)

HOSPITAL, DISTRIBUTOR = "Hospital 医院", "Distributor 经销商"
CUSTOMERS = (
	("青山市人民医院 Qingshan People's Hospital", HOSPITAL),
	("云河儿童医院 Yunhe Children's Hospital", HOSPITAL),
	("百草诊所 Baicao Clinic", HOSPITAL),
	("恒泰医疗器械贸易有限公司 Hengtai Medical Trading", DISTRIBUTOR),
	("北辰医疗 Beichen Medical Supply", DISTRIBUTOR),
)
# A5: kind of buyer, number of its licence, days until it ends: one ends soon, one is over, one is not there.
QUALIFICATIONS = {
	CUSTOMERS[0][0]: ("Hospital", "PDY00123-4 三级综合医院", 900),
	CUSTOMERS[1][0]: ("Hospital", "PDY00456-7 儿童医院", 40),
	CUSTOMERS[2][0]: ("Clinic", "PDY00789-0 诊所", -12),
	CUSTOMERS[3][0]: ("Distributor", "械经营许 20230088", 500),
	CUSTOMERS[4][0]: ("Distributor", "", 0),
}
SCOPES = {
	"Hospital": "内科、外科、急诊 Medicine, surgery, emergency",
	"Clinic": "全科 General practice",
	"Distributor": "第二、三类医疗器械 Medical devices of classes II and III",
}
HOSPITAL_A, HOSPITAL_B, CLINIC, DISTRIBUTOR_A, DISTRIBUTOR_B = (c[0] for c in CUSTOMERS)

TERMS = "Net 30 月结30天"
# C5: below both, a routine order needs the salesperson's signature only.
SMALL_AMOUNT, SMALL_QUANTITY = 5000, 200
