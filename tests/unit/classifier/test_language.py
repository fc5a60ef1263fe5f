import pytest

from classifier.language import LEAST_LETTERS, LEAST_WORDS, foreign_stretches
from classifier.markup import view_of

WELSH = "Roedd y nyrsys ar y ward yn garedig iawn wrth fy mam."
PASSAGES = {
    "Welsh": WELSH,
    "Welsh, as spoken": "O'n i'n aros ers bore a neb yn gweud dim wrtha i, wedyn nath y doctor sbio arna i.",
    "Welsh, two sentences": "Dw i wedi gwneud cwyn ffurfiol i'r bwrdd iechyd. Rydyn ni'n dal i aros am ateb.",
    "Welsh, in capitals": WELSH.upper(),
    "Polish": "Pielęgniarki na oddziale były bardzo miłe dla mojej mamy, ale lekarz się spieszył.",
    "Polish, bare": "Bardzo dziekuje za pomoc, lekarz byl cierpliwy i wszystko mi dokladnie wytlumaczyl.",
    "Romanian": "Asistentele au fost foarte amabile cu mama mea, dar am așteptat cinci ore la urgență.",
    "Urdu": "نرسوں نے میری والدہ کا بہت خیال رکھا مگر ڈاکٹر نے ہماری بات نہیں سنی۔",
    "Urdu, Latin": "Mujhe hospital mein bohat achi dekh bhaal mili lekin doctor ne meri baat nahi suni.",
    "Panjabi": "ਨਰਸਾਂ ਮੇਰੀ ਮਾਂ ਨਾਲ ਬਹੁਤ ਚੰਗੀਆਂ ਸਨ ਪਰ ਡਾਕਟਰ ਬਹੁਤ ਦੇਰ ਨਾਲ ਆਇਆ।",
    "Bengali, Latin": "Amar appointment tin bar cancel hoyeche ar phone e keu kotha bole na.",
    "Ukrainian": "Медсестри були дуже добрі до моєї мами, але ми чекали лікаря п'ять годин.",
    "Chinese": "护士对我母亲非常好，但是我们等了五个小时才见到医生。",
    "Arabic": "كانت الممرضات لطيفات جدا مع أمي لكننا انتظرنا الطبيب خمس ساعات.",
    "Tamil": "செவிலியர்கள் என் அம்மாவிடம் மிகவும் அன்பாக இருந்தனர்.",
    "Greek": "Οι νοσοκόμες ήταν πολύ ευγενικές με τη μητέρα μου, αλλά περιμέναμε πέντε ώρες.",
    "Portuguese": "As enfermeiras foram muito simpáticas com a minha mãe, mas esperámos cinco horas.",
    "Spanish": "Las enfermeras fueron muy amables con mi madre, pero nadie nos explicó lo que pasaba.",
    "French": "Les infirmières étaient très gentilles avec ma mère mais nous avons attendu cinq heures.",
    "Italian": "Le infermiere sono state molto gentili con mia madre, ma abbiamo aspettato cinque ore.",
    "German": "Mein Termin wurde dreimal verschoben, und am Telefon erreichte ich nie jemanden.",
    "Dutch": "De verpleegkundigen waren erg aardig voor mijn moeder, maar we hebben vijf uur gewacht.",
    "Lithuanian": "Mano vizitas buvo atšauktas tris kartus, o telefonu niekas neatsiliepia.",
    "Hungarian": "Háromszor mondták le az időpontomat, és telefonon soha nem értem el senkit.",
    "Turkish": "Hemşireler anneme çok iyi davrandı ama doktoru beş saat bekledik.",
    "Slovak": "Sestričky boli na moju mamu veľmi milé, ale na lekára sme čakali päť hodín.",
    "Somali": "Ballantaydii saddex jeer ayaa la baajiyay, taleefankana cidna kama jawaabto.",
    "Albanian": "Infermieret ishin shumë të sjellshme me nënën time, por pritëm mjekun pesë orë.",
    "Irish": "Bhí na haltraí an-chineálta le mo mháthair ach d'fhan muid cúig huaire leis an dochtúir.",
    "Gaelic": "Bha na nursaichean glè chòir ri mo mhàthair ach dh'fhuirich sinn còig uairean.",
    "Vietnamese": "Lịch hẹn của tôi bị hủy ba lần và không ai nghe điện thoại.",
    "Swahili": "Miadi yangu ilifutwa mara tatu na hakuna mtu aliyejibu simu.",
}
ENGLISH = [
    "ma maw wis aye greetin an naebody telt us onythin aboot whit wis gaun oan wi her",
    "ower yonder sithee nobbut one nurse on, rest were all sat supping tea, champion lass mind",
    "nuresd were vry nise doctr nevr cam waitd 6 hrs no1 sed anyfink rubish parkin tho",
    "NURSES BRILLIANT DOCTORS BRILLIANT FOOD RUBBISH PARKING RUBBISH WAITING ROOM FREEZING COLD",
    "Excellent service, friendly staff, clean ward, lovely food, caring nurses, fantastic surgeon.",
    "Clean. Tidy. Friendly. Quick. Efficient. Informative. Polite. Smiling. Professional. Gentle.",
    "Tablets: amlodipine 5mg, ramipril, atorvastatin, bisoprolol, omeprazole, metformin, gabapentin, senna.",
    "Diagnosis: osteoarthritis, spondylosis, hypothyroidism, fibromyalgia, gastritis, sciatica, vertigo.",
    "ECG normal. MRI lumbar. CT abdo pelvis. FBC, U+E, LFT, CRP, HbA1c, TFT, PSA, ESR, ferritin.",
    "Per os, nil by mouth, pro re nata, in situ, post mortem, ad lib, de novo, in utero, vice versa.",
    "Ysbyty Gwynedd, Ysbyty Glan Clwyd, Ysbyty Ystrad Fawr, Betsi Cadwaladr, Cwm Taf, Hywel Dda.",
    "Canolfan Iechyd Amlwch, Meddygfa Gwaun Cae Gurwen, Meddygfa'r Sarn, Canolfan Feddygol Bro Ddyfi.",
    "Bwthyn y Gof, Plas y Coed, Llys y Garth, Bryn yr Haf, Tan y Bwlch, Pen-y-bont ar Ogwr.",
    "Ospadal nan Eilean, Ospadal Uibhist agus Bharraigh, Comhairle nan Eilean Siar, Benbecula.",
    "Dr da Silva, Dr van den Berg, Mrs de la Torre, Sister O'Shea, Mr ap Rhys, Dr El Din, Mr Al Hassan.",
    "Bore da! Diolch yn fawr to all the staff at Ysbyty Gwynedd.",
    "Merci beaucoup, gracias, danke schön, dziękuję, diolch, grazie and thank you to everyone.",
    "ᴛʜᴇ ɴᴜʀꜱᴇꜱ ᴡᴇʀᴇ ʟᴏᴠᴇʟʏ 𝓣𝓱𝓮 𝓷𝓾𝓻𝓼𝓮𝓼 𝔀𝓮𝓻𝓮 𝓵𝓸𝓿𝓮𝓵𝔂",
    "Iâ€™m sure theyâ€™re nice but itâ€™s not right that we hadnâ€™t heard",
]


def foreign(text):
    return [text[start:end] for start, end in foreign_stretches(view_of(text))]


@pytest.mark.parametrize("name", PASSAGES)
def test_story_in_another_language_is_quoted_whole(name):
    assert foreign(PASSAGES[name]) == [PASSAGES[name]]


@pytest.mark.parametrize("text", ENGLISH)
def test_english_however_written_is_no_other_language(text):
    assert foreign(text) == []


@pytest.mark.parametrize("name", PASSAGES)
def test_only_its_own_words_are_quoted_from_an_english_story(name):
    passage = PASSAGES[name]
    assert foreign(f"The nurses were kind to us.\n\n{passage}\n\nShe is home now.") == [passage]
    assert foreign(f"The nurses were kind to us. {passage} Very well done.") == [passage]


def test_sentences_without_small_words_belong_to_what_stands_around_them():
    text = f"{WELSH} Bendigedig. {WELSH}"
    assert foreign(f"Great ward. {text} Lovely people.") == [text]


def test_two_stretches_with_english_between_are_two():
    assert foreign(f"{WELSH}\nShe is home now and well.\n{WELSH}") == [WELSH, WELSH]


def test_stretch_has_a_least_number_of_words():
    seven, eight = "Roedd pawb yn garedig wrth fy mam", "Roedd pawb yn garedig wrth fy mam ddoe"
    assert (len(seven.split()), len(eight.split())) == (LEAST_WORDS - 1, LEAST_WORDS)
    assert (foreign(seven), foreign(eight)) == ([], [eight])


def test_stretch_in_other_letters_has_a_least_number_of_letters():
    assert foreign("护" * (LEAST_LETTERS - 1)) == []
    assert foreign("护" * LEAST_LETTERS) == ["护" * LEAST_LETTERS]
    assert foreign("Thanks to Dr Наталія Іваненко of ward 4 for her care.") == []


def test_places_are_those_of_the_field_as_sent():
    text = "<p>😀 Kind staff.</p><p>Rydw i&#39;n dal i aros am ateb gan y bwrdd.</p>"
    assert foreign(text) == ["Rydw i&#39;n dal i aros am ateb gan y bwrdd."]


@pytest.mark.parametrize("text", ["", " \n", "...", "12 34 56", "😀" * 20])
def test_no_words_are_no_language(text):
    assert foreign(text) == []
