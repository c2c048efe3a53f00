"""The units of the example city, named by function only, and the stations that its key units run.

A line is ``category | key | 名称 | name | stations``; stations are ``scope:名称/name`` joined by ``;`` with scope ``t`` (one in every
township) or ``c`` (one in every county).
"""

# ruff: noqa: E501 - one unit a line is the point of this table
from __future__ import annotations

UNITS = """
enforcement|key|市公安局|Public Security Bureau|t:派出所/Police Station;c:治安管理窗口/Public Order Window
enforcement|key|市交通警察支队|Traffic Police Corps|c:交警大队/Traffic Police Brigade;c:车管所/Vehicle Registration Office
enforcement|key|市出入境管理支队|Exit and Entry Administration|c:出入境接待大厅/Exit and Entry Hall
enforcement|key|市市场监督管理局|Market Regulation Bureau|t:市场监管所/Market Regulation Office;c:登记注册窗口/Registration Window
enforcement|key|市城市管理局|Urban Management Bureau|t:城管执法中队/Urban Enforcement Squad;c:城管服务窗口/Urban Management Window
enforcement|key|市生态环境局|Ecology and Environment Bureau|c:生态环境分局/Environment Branch;c:环境监测站/Environment Monitoring Station
enforcement|key|市应急管理局|Emergency Management Bureau|c:应急管理窗口/Emergency Management Window;c:救援站/Rescue Station
enforcement|key|市交通运输局|Transport Bureau|c:道路运输窗口/Road Transport Window;c:运输服务站/Transport Service Station
enforcement|key|市交通运输执法支队|Transport Enforcement Corps|c:交通执法大队/Transport Enforcement Brigade;c:交通检查站/Transport Checkpoint
enforcement|key|市税务局|Taxation Bureau|c:办税服务厅/Taxpayer Service Hall;c:税务所/Tax Office
enforcement|key|市自然资源和规划局|Natural Resources and Planning Bureau|c:自然资源所/Natural Resources Office;c:规划窗口/Planning Window
enforcement|key|市住房和城乡建设局|Housing and Construction Bureau|c:房产交易窗口/Housing Transaction Window;c:建设窗口/Construction Window
enforcement|key|市卫生健康委员会|Health Commission|t:社区卫生服务中心/Community Health Centre;c:卫生监督所/Health Inspection Office
enforcement|key|市文化和旅游局|Culture and Tourism Bureau|c:文化市场窗口/Cultural Market Window;c:旅游咨询中心/Tourist Information Centre
enforcement|key|市农业农村局|Agriculture and Rural Affairs Bureau|t:农业服务站/Agricultural Service Station;c:农业执法大队/Agricultural Enforcement Brigade
enforcement|key|市水务局|Water Affairs Bureau|t:水利站/Water Station;c:水务窗口/Water Affairs Window
enforcement|key|市消防救援支队|Fire and Rescue Corps|c:消防大队/Fire Brigade;c:消防验收窗口/Fire Inspection Window
enforcement|key|市司法局|Justice Bureau|t:司法所/Justice Office;c:法律援助中心/Legal Aid Centre
enforcement|key|市人力资源和社会保障局|Human Resources and Social Security Bureau|t:人社服务所/Social Security Office;c:人社窗口/Human Resources Window
enforcement|key|市医疗保障局|Healthcare Security Bureau|t:医保服务站/Healthcare Security Station;c:医保窗口/Healthcare Security Window
enforcement|key|市行政审批服务局|Administrative Approval Bureau|c:审批窗口/Approval Window;c:勘验科/Site Inspection Section
enforcement|key|市园林和林业局|Landscape and Forestry Bureau|c:园林所/Landscape Office;c:林业站/Forestry Station
enforcement|key|市金融监督管理局|Financial Supervision Bureau|c:金融服务窗口/Financial Service Window
enforcement|key|市劳动保障监察支队|Labour Inspection Corps|c:劳动监察大队/Labour Inspection Brigade;c:维权站/Rights Protection Station
enforcement|key|市烟草专卖局|Tobacco Monopoly Bureau|c:烟草专卖所/Tobacco Licensing Office
enforcement|key|市海关|City Customs|c:海关办事处/Customs Office
enforcement|key|市邮政管理局|Postal Administration|c:邮政监管所/Postal Supervision Office
enforcement|key|市建筑市场监察支队|Construction Market Inspection Corps|c:建筑监察大队/Construction Inspection Brigade
enforcement|key|市公路事业发展中心|Highway Centre|c:公路站/Highway Station;c:路政窗口/Road Administration Window
enforcement|key|市文化市场执法支队|Cultural Market Enforcement Corps|c:文化执法大队/Cultural Enforcement Brigade
enforcement||市气象局|Meteorological Bureau|
enforcement||市海事管理处|Maritime Administration|
enforcement||市粮食和物资储备局|Grain and Reserves Bureau|
enforcement||市动物卫生监督所|Animal Health Inspection|
enforcement||市药品检查中心|Drug Inspection Centre|
enforcement||市知识产权保护中心|Intellectual Property Protection Centre|
enforcement||市能源监察支队|Energy Inspection Corps|
enforcement||市地震监测中心|Earthquake Monitoring Centre|
services|key|市教育局|Education Bureau|t:中心学校/Central School;c:招生考试窗口/Admissions Window
services|key|市民政局|Civil Affairs Bureau|t:民政服务站/Civil Affairs Station;c:婚姻登记处/Marriage Registry
services|key|市退役军人事务局|Veterans Affairs Bureau|t:退役军人服务站/Veterans Service Station;c:退役军人服务中心/Veterans Service Centre
services|key|市体育局|Sports Bureau|c:体育场馆/Sports Centre;c:体质监测站/Fitness Testing Station
services|key|市住房公积金中心|Housing Provident Fund Centre|c:公积金管理部/Provident Fund Office;c:公积金窗口/Provident Fund Window
services|key|市社会保险中心|Social Insurance Centre|c:社保大厅/Social Insurance Hall;c:社保稽核窗口/Social Insurance Audit Window
services|key|市公共就业服务中心|Public Employment Centre|c:就业服务大厅/Employment Hall;c:职业介绍所/Job Centre
services|key|市不动产登记中心|Real Estate Registration Centre|c:不动产登记大厅/Real Estate Registration Hall
services|key|市政务服务中心|Government Service Centre|c:综合受理窗口/General Service Window;c:自助服务区/Self-service Area
services|key|市公共资源交易中心|Public Resources Trading Centre|c:交易窗口/Trading Window
services|key|市供电公司|Power Supply Company|t:供电所/Power Supply Station;c:供电营业厅/Power Business Hall
services|key|市供水集团|Water Supply Group|c:供水营业厅/Water Business Hall;c:供水维修站/Water Repair Station
services|key|市燃气集团|Gas Group|c:燃气营业厅/Gas Business Hall;c:燃气维修站/Gas Repair Station
services|key|市热力集团|Heating Group|c:供热营业厅/Heating Business Hall;c:供热维修站/Heating Repair Station
services|key|市公共交通集团|Public Transport Group|c:公交车队/Bus Fleet;c:公交服务点/Bus Service Point
services|key|市轨道交通集团|Rail Transit Group|c:轨道客服中心/Rail Customer Centre;c:轨道服务点/Rail Service Point
services|key|市环境卫生服务中心|Environmental Sanitation Centre|c:环卫所/Sanitation Office;c:转运站/Transfer Station
services|key|市邮政公司|Postal Company|t:邮政支局/Post Office;c:邮政营业厅/Postal Business Hall
services|key|市移动通信公司|Mobile Communications Company|c:移动营业厅/Mobile Business Hall;c:移动维护站/Mobile Maintenance Station
services|key|市固定通信公司|Fixed-line Communications Company|c:通信营业厅/Communications Business Hall;c:通信维护站/Communications Maintenance Station
services|key|市有线电视公司|Cable Television Company|c:有线电视营业厅/Cable Business Hall;c:有线电视维护站/Cable Maintenance Station
services|key|市中心医院|Central Hospital|c:中心医院分院/Central Hospital Branch;c:体检中心/Health Check Centre
services|key|市中医医院|Hospital of Chinese Medicine|c:中医门诊部/Chinese Medicine Clinic
services|key|市妇幼保健院|Maternal and Child Health Hospital|c:妇幼保健站/Maternal and Child Health Station
services|key|市疾病预防控制中心|Disease Prevention and Control Centre|c:接种门诊/Vaccination Clinic;c:检验窗口/Testing Window
services|key|市急救中心|Emergency Medical Centre|c:急救站/Emergency Station
services|key|市长途客运公司|Coach Company|c:客运站/Coach Station;c:售票点/Ticket Office
services|key|市驾驶人考试中心|Driver Examination Centre|c:驾驶人考点/Driver Examination Site;c:驾驶人体检站/Driver Medical Check Station
services|key|市殡葬服务中心|Funeral Service Centre|c:殡仪馆/Funeral Home
services|key|市残疾人服务中心|Disability Service Centre|c:残疾人服务站/Disability Service Station;c:康复站/Rehabilitation Station
services|key|市养老服务中心|Elderly Care Centre|c:养老服务站/Elderly Care Station;c:日间照料站/Day Care Station
services|key|市停车服务中心|Parking Service Centre|c:停车服务点/Parking Service Point;c:停车缴费点/Parking Payment Point
services||市排水服务中心|Drainage Service Centre|
services||市儿童医院|Children's Hospital|
services||市口腔医院|Stomatological Hospital|
services||市传染病医院|Infectious Disease Hospital|
services||市精神卫生中心|Mental Health Centre|
services||市血液中心|Blood Centre|
services||市图书馆|City Library|
services||市博物馆|City Museum|
services||市城市商业银行|City Commercial Bank|
services||市农村商业银行|Rural Commercial Bank|
services||市财产保险公司|Property Insurance Company|
services||市人寿保险公司|Life Insurance Company|
services||市广播电视台|Radio and Television Station|
administration|key|市发展和改革委员会|Development and Reform Commission|c:项目服务窗口/Project Service Window
administration|key|市工业和信息化局|Industry and Information Technology Bureau|c:企业服务窗口/Enterprise Service Window
administration|key|市财政局|Finance Bureau|c:财政窗口/Finance Window
administration|key|市商务局|Commerce Bureau|c:商务窗口/Commerce Window
administration|key|市科学技术局|Science and Technology Bureau|c:科技服务窗口/Science Service Window
administration|key|市信访局|Complaints Bureau|c:信访接待室/Complaints Reception Office
administration|key|市大数据局|Big Data Bureau|c:数字服务窗口/Digital Service Window
administration|key|市投资促进局|Investment Promotion Bureau|c:投资服务窗口/Investment Service Window
administration|key|市民族宗教事务局|Ethnic and Religious Affairs Bureau|c:民族宗教窗口/Ethnic and Religious Affairs Window
administration|key|市供销合作社|Supply and Marketing Cooperative|c:供销服务站/Cooperative Service Station;c:农资站/Farm Supply Station
administration||市审计局|Audit Bureau|
administration||市统计局|Statistics Bureau|
administration||市国有资产监督管理委员会|State-owned Assets Commission|
administration||市外事办公室|Foreign Affairs Office|
administration||市机关事务管理局|Government Offices Administration|
administration||市档案馆|City Archives|
administration||市人民防空办公室|Civil Air Defence Office|
administration||市乡村振兴局|Rural Revitalisation Bureau|
administration||市口岸和物流办公室|Port and Logistics Office|
administration||市总工会|Federation of Trade Unions|
administration||市妇女联合会|Women's Federation|
administration||市工商业联合会|Federation of Industry and Commerce|
administration||市科学技术协会|Association for Science and Technology|
administration||市红十字会|Red Cross Society|
administration||市贸易促进委员会|Trade Promotion Council|
administration||市地方志研究院|Local Chronicles Institute|
administration||市住房保障中心|Housing Security Centre|
administration||市人才服务中心|Talent Service Centre|
administration||市仲裁委员会|Arbitration Commission|
administration||市公共信用中心|Public Credit Centre|
administration||市残疾人联合会|Disabled Persons' Federation|
administration||市文学艺术界联合会|Federation of Literature and Art|
""".strip()

PARENTS = {
    "市交通警察支队": "市公安局",
    "市出入境管理支队": "市公安局",
    "市交通运输执法支队": "市交通运输局",
    "市公路事业发展中心": "市交通运输局",
    "市劳动保障监察支队": "市人力资源和社会保障局",
    "市社会保险中心": "市人力资源和社会保障局",
    "市建筑市场监察支队": "市住房和城乡建设局",
    "市文化市场执法支队": "市文化和旅游局",
    "市疾病预防控制中心": "市卫生健康委员会",
}
